"""Golden files: whole texts, reviewed like code.

`FAIRLEAD_UPDATE_GOLDEN=1 .venv/bin/pytest tests/...` writes them anew; look at the difference.
"""

from __future__ import annotations

import os
from pathlib import Path


def assert_golden(text: str, path: Path) -> None:
    """Assert that the text is what the file holds; neither may be empty."""
    assert text.strip(), f"{path.name} would be empty"
    if os.environ.get("FAIRLEAD_UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
