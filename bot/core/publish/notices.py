"""What is written where there is no review of one pull request to show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from bot.core.engine.decide import CheckConclusion
from bot.core.publish.operations import ConcludeCheck
from bot.core.publish.report import render

MOST_KEPT: Final = 500
"""Fingerprints that are kept of a push; a push with more is looked at by somebody."""

_BADNESS: Final[Sequence[CheckConclusion]] = ("success", "neutral", "action_required", "failure")
_KEPT: Final = re.compile(
    r"<!-- fairlead:v1 since=([0-9a-f]{40,64}) kept=([0-9a-z,-]{0,40000}) -->"
)
_WAITING: Final = "; waiting for pull request #"
_EJECTED: Final = "<!-- fairlead:v1 queue={} -->"


def installed() -> ConcludeCheck:
    """The run on the default branch by which the check can be chosen as a required one."""
    return ConcludeCheck("success", "Installed", render("installed.md"))


def shared(ending: ConcludeCheck, others: Iterable[tuple[int, str]]) -> ConcludeCheck:
    """The end of a run whose commit other pull requests have as well: the worst of all."""
    said = dict(others)
    if not said:
        return ending
    worst = max((ending.conclusion, *map(known, said.values())), key=_BADNESS.index)
    title = ending.title
    if worst != ending.conclusion:
        blamed = min(number for number, word in said.items() if known(word) == worst)
        title = f"Pull request #{blamed} has the same commit and does not pass"
    text = render("shared.md", others=sorted(said), summary=ending.summary)
    return replace(ending, conclusion=worst, title=title, summary=text)


def waiting(ending: ConcludeCheck, others: Iterable[int]) -> ConcludeCheck:
    """What a run shows that waits for the review of another pull request of its commit."""
    numbers = sorted(others)
    text = render("shared.md", others=numbers, summary=ending.summary)
    title = f"{ending.title}{_WAITING}{numbers[0]}"
    return replace(ending, title=title, summary=text)


def title_of(title: str) -> str:
    """The title without what `waiting` added to it."""
    return title.partition(_WAITING)[0]


def known(word: str) -> CheckConclusion:
    """A conclusion that was written down; whatever is none is a failure."""
    return next((known for known in _BADNESS if known == word), "failure")


def ejected(title: str, head: str) -> str:
    """The one line for a pull request that the merge queue took out because of the check."""
    return render("ejected.md", marker=_EJECTED.format(head), title=title, head=head[:12])


def ejected_mark(head: str) -> str:
    """By what that line is known again."""
    return _EJECTED.format(head)


def pushed(ending: ConcludeCheck, since: str, kept: Iterable[str]) -> ConcludeCheck:
    """The end of a push's run, which carries what of it is still there."""
    marker = f"<!-- fairlead:v1 since={since} kept={','.join(sorted(kept)[:MOST_KEPT])} -->"
    text = render("pushed.md", marker=marker, summary=ending.summary)
    return replace(ending, summary=text)


def kept_of(summary: str) -> tuple[str, frozenset[str]] | None:
    """Since when, and which fingerprints, a push's run carries; None where it carries none."""
    found = _KEPT.match(summary)
    if found is None:
        return None
    return found[1], frozenset(mark for mark in found[2].split(",") if mark)
