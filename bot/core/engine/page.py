"""A rule's page: the specification, what a finding links to, and the tests of its rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.finding import Severity, Side
from bot.patterns import pattern
from bot.records import cached_property, dataclass

REQUIRED_SECTIONS: Final = ("Why it matters", "What to do", "False positives")
_FENCE: Final = pattern(r"^```(diff|yaml policy)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Up to the first full stop or colon that is not part of a code span.
_SENTENCE: Final = pattern(r"(?:`[^`]*`|[^`])*?(?=[.:](?: |$))")
_HUNK: Final = pattern(r"^@@ .*@@")
DEFAULT_FILE: Final = "manifests.yaml"

PROMISE: Final = pattern(r"\s*# finding(?:\((\w+)\))?: ")
"""What stands before the message of a promised finding; its group is the severity, if named."""


class PageError(ValueError):
    """A page in the wrong form; the message gives the file, the line and what is expected."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A finding that an example promises: place, message and severity.

    `severity` None promises the rule's default severity.
    """

    path: str
    side: Side
    line: int
    message: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """Two small trees (path to text), the policy in force, and exactly what the rule finds."""

    line: int
    base: Mapping[str, str]
    head: Mapping[str, str]
    policy: str
    expected: tuple[Expected, ...]


@dataclass(frozen=True)
class Page:
    """One page: title, what is found (one paragraph), its sections by heading, and its text."""

    title: str
    summary: str
    sections: Mapping[str, str]
    text: str

    @property
    def headline(self) -> str:
        """The beginning of the summary that is a sentence by itself, for lists of rules."""
        start = _SENTENCE.match(self.summary)
        return f"{start[0]}." if start else self.summary

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The page's examples. Raises PageError for one in the wrong form."""
        return tuple(_examples(self.text, self.title))


def parse_page(text: str, name: str) -> Page:
    """The page of the rule `name`. Raises PageError if the text does not have a page's form."""
    title, _, rest = text.partition("\n")
    if title != f"# {name}":
        raise PageError(f"{name}.md:1: the title is {title!r}, and should be '# {name}'")
    head, *tail = re.split(r"^## (.+)$", rest, flags=re.MULTILINE)
    sections = {
        heading.strip(): body.strip() for heading, body in zip(tail[::2], tail[1::2], strict=True)
    }
    missing = [heading for heading in REQUIRED_SECTIONS if not sections.get(heading)]
    if missing:
        raise PageError(f"{name}.md: the page has no section {missing[0]!r}")
    summary = " ".join(head.strip().partition("\n\n")[0].split())
    if not summary:
        raise PageError(f"{name}.md: a paragraph that says what is found should follow the title")
    return Page(title[2:], summary, sections, text)


def _examples(text: str, name: str) -> Iterator[Example]:
    policy = ""
    for block in _FENCE.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        if block[1] == "yaml policy":
            policy = block[2]
            continue
        yield _example(block[2], line, policy, name)
        policy = ""


class _Sides:
    """The two sides of one file, filled while a diff is read."""

    def __init__(self, base: str, head: str) -> None:
        self.paths = {"LEFT": base, "RIGHT": head}
        self.lines: dict[str, list[str]] = {"LEFT": [], "RIGHT": []}


def _example(diff: str, line: int, policy: str, name: str) -> Example:
    files: list[_Sides] = []
    expected: list[Expected] = []
    base_path = ""
    for number, row in enumerate(diff.splitlines(), start=line + 1):
        if row.startswith("--- a/") or row == "--- /dev/null":
            base_path = row.removeprefix("--- a/")
        elif row.startswith("+++ b/") or row == "+++ /dev/null":
            files.append(_Sides(base_path, row.removeprefix("+++ b/")))
        elif _HUNK.match(row):
            continue
        else:
            if not files:
                files.append(_Sides(DEFAULT_FILE, DEFAULT_FILE))
            expected.extend(_take(row, files[-1], f"{name}.md:{number}"))
    return Example(line, _tree(files, "LEFT"), _tree(files, "RIGHT"), policy, tuple(expected))


def _take(row: str, sides: _Sides, where: str) -> Iterator[Expected]:
    """Add a row of a diff to its sides, and yield the findings that its marks promise.

    A mark on a line that is on both sides promises a finding at head.
    """
    sign, text = row[:1], row[1:]
    if sign not in {"-", "+", " ", ""}:
        raise PageError(f"{where}: a line of a diff begins with '-', '+' or a space")
    marks = list(PROMISE.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)][: len(marks)]
    promised = [
        (text[mark.end() : end], _severity(mark[1], where))
        for mark, end in zip(marks, ends, strict=True)
    ]
    if marks:
        text = text[: marks[0].start()]
    for side in ("LEFT", "RIGHT"):
        if sign not in ({"+"} if side == "LEFT" else {"-"}):
            sides.lines[side].append(text)
    at: Side = "LEFT" if sign == "-" else "RIGHT"
    for message, severity in promised:
        yield Expected(sides.paths[at], at, len(sides.lines[at]), message, severity)


def _severity(word: str | None, where: str) -> Severity | None:
    if word is None:
        return None
    if word not in tuple(map(str, Severity)):
        legal = ", ".join(map(str, Severity))
        raise PageError(f"{where}: a finding's severity is {word!r}, expected one of {legal}")
    return Severity(word)


def _tree(files: list[_Sides], side: Side) -> dict[str, str]:
    return {
        sides.paths[side]: "".join(f"{line}\n" for line in sides.lines[side])
        for sides in files
        if sides.paths[side] != "/dev/null" and any(sides.lines[side])
    }
