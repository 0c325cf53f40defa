"""The index in CONTRIBUTING from a question to a function."""

import re
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_function_of_the_index_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    entries = re.findall(r"\| `([\w.]+):(\w+)` \|", text)
    missing = [
        f"{module}:{name}" for module, name in entries if not hasattr(import_module(module), name)
    ]
    assert (bool(entries), missing) == (True, [])
