"""Texts and check results that are not the review of a single pull request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from bot.core.engine.decide import CheckConclusion
from bot.core.publish.operations import ConcludeCheck
from bot.core.publish.templating import render
from bot.patterns import pattern

MOST_KEPT: Final = 500
"""Fingerprints that the check of a push carries over to the next push."""

MOST_OTHERS: Final = 10
"""Pull requests of the same commit that a check names."""

_BADNESS: Final[Sequence[CheckConclusion]] = ("success", "neutral", "action_required", "failure")
_KEPT: Final = pattern(r"<!-- fairlead:v1 since=([0-9a-f]{40,64}) kept=([0-9a-z,-]{0,40000}) -->")
_WAITING: Final = "; waiting for pull request #"
_EJECTED: Final = "<!-- fairlead:v1 queue={} -->"


def installed() -> ConcludeCheck:
    """The check on the default branch that makes the check selectable as a required one."""
    return ConcludeCheck("success", "Installed", render("installed.md"))


def shared(ending: ConcludeCheck, others: Iterable[tuple[int, str]]) -> ConcludeCheck:
    """The result for a commit that several pull requests share: the worst of their results."""
    conclusions = dict(others)
    if not conclusions:
        return ending
    worst = max(
        (ending.conclusion, *map(parse_conclusion, conclusions.values())), key=_BADNESS.index
    )
    title = ending.title
    if worst != ending.conclusion:
        blamed = min(
            number for number, word in conclusions.items() if parse_conclusion(word) == worst
        )
        title = f"Pull request #{blamed} has the same commit and does not pass"
    text = _below_others(ending.summary, sorted(conclusions))
    return replace(ending, conclusion=worst, title=title, summary=text)


def waiting(ending: ConcludeCheck, others: Iterable[int]) -> ConcludeCheck:
    """The result while the review of another pull request with the same commit is pending."""
    numbers = sorted(others)
    text = _below_others(ending.summary, numbers)
    title = f"{ending.title}{_WAITING}{numbers[0]}"
    return replace(ending, title=title, summary=text)


def _below_others(summary: str, numbers: list[int]) -> str:
    """The whole summary below the pull requests that share its commit.

    Nothing is cut from it, since people accept what it names: the few lines above it fit into the
    margin that `LONGEST_BODY` leaves.
    """
    named, more = numbers[:MOST_OTHERS], len(numbers[MOST_OTHERS:])
    return f"{render('shared.md', others=named, more=more)}\n{summary}\n"


def title_of(title: str) -> str:
    """The title without the text that `waiting` appended."""
    return title.partition(_WAITING)[0]


def parse_conclusion(word: str) -> CheckConclusion:
    """The stored conclusion `word`; anything that is not a conclusion counts as a failure."""
    return next((conclusion for conclusion in _BADNESS if conclusion == word), "failure")


def ejected(title: str, head: str) -> str:
    """The comment on a pull request that the merge queue removed because of the check."""
    return render("ejected.md", marker=_EJECTED.format(head), title=title, head=head[:12])


def ejected_mark(head: str) -> str:
    """The marker that identifies that comment."""
    return _EJECTED.format(head)


def pushed(ending: ConcludeCheck, since: str, kept: Iterable[str]) -> ConcludeCheck:
    """The result of a push, which carries the fingerprints of its open findings."""
    marker = f"<!-- fairlead:v1 since={since} kept={','.join(sorted(kept)[:MOST_KEPT])} -->"
    text = render("pushed.md", marker=marker, summary=ending.summary)
    return replace(ending, summary=text)


def kept_of(summary: str) -> tuple[str, frozenset[str]] | None:
    """The commit and fingerprints that `pushed` stored in a summary; None where there are none."""
    match = _KEPT.match(summary)
    if match is None:
        return None
    return match[1], frozenset(fingerprint for fingerprint in match[2].split(",") if fingerprint)
