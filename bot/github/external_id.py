"""The `external_id` of Fairlead's check runs: what a run is about, and how its review ended.

GitHub stores the text and returns it with every webhook and listing, so a run can be mapped to its
pull request also where GitHub names none, as for forks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal, Self, TypeAlias, get_args

CheckSubject: TypeAlias = Literal["pull", "queue", "push", "installed"]
"""A pull request, a merge queue's combination, a push to the default branch, a greeting."""

CheckEnding: TypeAlias = Literal["", "done", "judged", "failed", "superseded"]
"""How a run ended. "judged": its review is done and waits for another one of the same commit."""

_TEXT: Final = re.compile(
    r"v1:(?:(?P<pull>\d{1,12})|queue:(?P<queue>\d{1,12})|(?P<word>push|installed))"
    r"(?::(?P<compared>[0-9a-f]*)(?![^:]))?(?P<rest>(?::.*)?)",
    re.DOTALL,
)
_CONCLUSION: Final = re.compile(r"[a-z_]{1,20}")


@dataclass(frozen=True, slots=True)
class ExternalId:
    """What a check run is about, and how it ended.

    `number` is the pull request (for a combination the one it is named for), 0 for pushes.
    `compared` identifies what the commit is compared with; empty where that does not matter.
    `conclusion` is what the review itself said, which may be better than what the run shows;
    `quiet`: the review posted no comments.
    """

    subject: CheckSubject
    number: int = 0
    compared: str = ""
    ending: CheckEnding = ""
    conclusion: str = ""
    quiet: bool = False

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The identity that a text states, None for a text that Fairlead did not write."""
        match = _TEXT.fullmatch(text)
        if match is None or (match["pull"] and match["compared"] is None):
            return None
        ending, conclusion, quiet = _ending(match["rest"])
        number = int(match["pull"] or match["queue"] or 0)
        return cls(_subject(match), number, match["compared"] or "", ending, conclusion, quiet)

    def __str__(self) -> str:
        """The text that GitHub stores."""
        subject = {"pull": f"{self.number}", "queue": f"queue:{self.number}"}.get(
            self.subject, self.subject
        )
        compared = () if self.subject == "installed" else (self.compared,)
        endings = (self.ending, self.conclusion, "quiet" if self.quiet else "")
        return ":".join(("v1", subject, *compared, *filter(None, endings)))

    def same_subject(self, other: ExternalId) -> bool:
        """Whether both are about the same pull request, combination or kind of push."""
        return (self.subject, self.number) == (other.subject, other.number)

    def same_comparison(self, other: ExternalId) -> bool:
        """Whether both compare the same subject with the same base."""
        return self.same_subject(other) and self.compared == other.compared

    def ended(
        self, ending: CheckEnding, conclusion: str = "", *, quiet: bool = False
    ) -> ExternalId:
        """The same subject and comparison, with this ending."""
        return replace(self, ending=ending, conclusion=conclusion, quiet=quiet)


def _subject(match: re.Match[str]) -> CheckSubject:
    if match["word"] == "push":
        return "push"
    if match["word"] == "installed":
        return "installed"
    return "pull" if match["pull"] else "queue"


def _ending(rest: str) -> tuple[CheckEnding, str, bool]:
    """Ending, conclusion and whether quiet; empty where a newer release wrote something else."""
    word, *more = rest.removeprefix(":").split(":")
    ending: CheckEnding | None = next(
        (known for known in get_args(CheckEnding) if known == word), None
    )
    if not ending:
        return "", "", False
    conclusion = more[0] if more and _CONCLUSION.fullmatch(more[0]) else ""
    return ending, conclusion, "quiet" in more[1:]
