"""What stands beside a work folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.render.building import Outside, outside


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Outside]:
    """The canary, where the machine's other files are."""
    with outside(tmp_path) as found:
        yield found
