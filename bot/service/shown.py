"""What people saw when they wrote a comment, by GitHub's clock alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.github import check_runs
from bot.github.connection import GitHubConnection
from bot.github.pulls import PullRequest
from bot.service.audit_facts import RecordedConclusion, ShownFinding
from bot.service.audit_record import Record


@dataclass(frozen=True, slots=True)
class ShownReview:
    """The conclusion that stood on the pull request when a comment was written.

    `certain` are the findings that were there beforehand for certain. GitHub's stamps have whole
    seconds: in the second of a conclusion nobody knows whether the comment came first, so only
    those that the conclusion before it also had are certain.
    """

    conclusion: RecordedConclusion
    certain: tuple[ShownFinding, ...]


def shown_at(conclusions: Iterable[RecordedConclusion], written: str) -> ShownReview | None:
    """What was shown at a moment, None where nothing was."""
    moment = datetime.fromisoformat(written)
    stamped = [(datetime.fromisoformat(each.shown), each) for each in conclusions if each.shown]
    until = [(at, each) for at, each in stamped if at <= moment]
    if not until:
        return None
    at, last = until[-1]
    tied = at == moment and len(until) > 1
    before = {(one.fingerprint, one.digest) for one in until[-2][1].findings} if tied else set()
    certain = tuple(
        one for one in last.findings if not tied or (one.fingerprint, one.digest) in before
    )
    return ShownReview(last, certain)


def recorded_conclusions(
    github: GitHubConnection, pull: PullRequest, record: Record
) -> tuple[RecordedConclusion, ...]:
    """What the reviews said, oldest first, each with when GitHub showed it.

    The newest may lack that, after a crash or where it waited for another review of its commit:
    then GitHub is asked when the run ended.
    """
    conclusions = tuple(record.conclusions())
    if not conclusions or conclusions[-1].shown or conclusions[-1].head != pull.head:
        return conclusions
    about = check_runs.about_pull(pull)
    run = check_runs.newest(check_runs.runs_on(github, pull.head), about)
    if run is None or not check_runs.is_reviewed(run, about):
        return conclusions
    record.show(conclusions[-1].key, run.completed_at, pull.head)
    return tuple(record.conclusions())
