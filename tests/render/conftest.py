"""What stands beside a work folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.render.building import Outside, outside, peak


@pytest.fixture(scope="session")
def machine() -> Iterator[Outside]:
    """What no renderer may reach; its path is short, as messages are cut."""
    with TemporaryDirectory() as folder, outside(Path(folder)) as found:
        yield found


@pytest.fixture
def beside(machine: Outside) -> Outside:
    """The canary, and what children have taken until now."""
    return replace(machine, peak=peak())
