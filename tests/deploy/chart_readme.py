"""Generates the table of deploy/chart/README.md: `python -m tests.deploy.chart_readme`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

CHART: Final = Path(__file__).parents[2] / "deploy" / "chart"
README: Final = CHART / "README.md"
BEGIN: Final = "<!-- values:begin -->"
END: Final = "<!-- values:end -->"


def described() -> dict[str, str]:
    """The description of each value: the comment `# --` above its key, by its dotted path."""
    descriptions: dict[str, str] = {}
    path: list[str] = []
    text = ""
    for line in (CHART / "values.yaml").read_text("utf-8").splitlines():
        comment = re.fullmatch(r" *# (-- )?(.*)", line)
        key = re.match(r"( *)([A-Za-z]+):", line)
        if comment is not None:
            text = comment[2] if comment[1] else f"{text} {comment[2]}"
        elif key is not None:
            path[len(key[1]) // 2 :] = [key[2]]
            if text:
                descriptions[".".join(path)], text = text, ""
    return descriptions


def table() -> str:
    """A row for each described value."""
    values: Any = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))

    def rows() -> Iterator[str]:
        for path, text in described().items():
            value = values
            for step in path.split("."):
                value = value[step]
            yield f"| `{path}` | `{json.dumps(value)}` | {text} |\n"

    return "| Value | Default | Meaning |\n| --- | --- | --- |\n" + "".join(rows())


def generated() -> str:
    """The README with a fresh table."""
    before, begin, rest = README.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{table()}{end}{after}"


if __name__ == "__main__":
    README.write_text(generated(), "utf-8")
