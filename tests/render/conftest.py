"""What stands beside a work folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.render.building import Outside, outside


@pytest.fixture
def beside() -> Iterator[Outside]:
    """The canary, where the machine's other files are; its path is short, as messages are cut."""
    with TemporaryDirectory() as folder, outside(Path(folder)) as found:
        yield found
