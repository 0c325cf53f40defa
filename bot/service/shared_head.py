"""Concluding the check of a head commit that several pull requests may share.

GitHub stores a check by commit, not by pull request: a verdict about one base must not let a pull
request with the same head and another base merge. So the worst verdict is shown, and none passes
before all are reviewed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.core.publish.notices import parse_conclusion, shared, title_of, waiting
from bot.core.publish.operations import ConcludeCheck
from bot.github import check_runs, checks
from bot.github.connection import GitHubConnection
from bot.github.pulls import PullRequest, on_head
from bot.github.tasks import Announcement, Job, Task

log = structlog.get_logger()


def conclude(
    github: GitHubConnection,
    pull: PullRequest,
    job: Job,
    run: check_runs.CheckRun | None,
    end: checks.End,
) -> tuple[tuple[Task, ...], str]:
    """Ends the run and those of pull requests with the same head.

    Returns announcements of those that are not reviewed yet, and when GitHub showed this run as
    completed, by its clock; empty where it still waits for another review.
    """
    about, ending = check_runs.about_pull(pull), end.shown
    others = [other for other in on_head(github, pull.head) if other.number != pull.number]
    if not others:
        ended = checks.conclude(github, about, run, end)
        _log_conclusion(ending)
        return (), ended.completed_at
    verdicts = _verdicts(github, pull.head, others)
    if None in verdicts.values() and ending.conclusion != "failure":
        run = run or checks.begin(github, about)
        waiting_ending = waiting(
            ending, (number for number, word in verdicts.items() if word is None)
        )
        checks.conclude(
            github,
            about,
            run,
            replace(end, shown=waiting_ending, how="judged", reviewed=ending.conclusion),
        )
        # Of two reviews that wait for each other, the second sees the first and ends both.
        verdicts = _verdicts(github, pull.head, others)
        if None in verdicts.values():
            return _missing(job, verdicts), ""
        run = check_runs.newest(check_runs.runs_on(github, pull.head), about)
        # The annotations were sent with the waiting run.
        ending = replace(ending, annotations=())
    words = {number: word for number, word in verdicts.items() if word is not None}
    worst = shared(ending, words.items())
    ended = checks.conclude(
        github, about, run, replace(end, shown=worst, reviewed=ending.conclusion)
    )
    _log_conclusion(worst)
    _show(github, pull, others, {**words, pull.number: ending.conclusion})
    return _missing(job, verdicts), ended.completed_at


def _verdicts(
    github: GitHubConnection, head: str, others: list[PullRequest]
) -> Mapping[int, str | None]:
    """The conclusion of each pull request's review, None where there is none yet."""
    runs = check_runs.runs_on(github, head)
    return {
        other.number: check_runs.own_conclusion(runs, check_runs.about_pull(other))
        for other in others
    }


def _show(
    github: GitHubConnection, pull: PullRequest, others: list[PullRequest], words: Mapping[int, str]
) -> None:
    """Shows the worst conclusion on the other runs of the commit."""
    runs = check_runs.runs_on(github, pull.head)
    for other in others:
        run = check_runs.newest(runs, check_runs.about_pull(other))
        if run is None or other.number not in words:
            continue
        conclusion = parse_conclusion(words[other.number])
        alone = ConcludeCheck(conclusion, title_of(run.title), run.summary)
        rest = ((number, word) for number, word in words.items() if number != other.number)
        combined = shared(alone, rest)
        if (run.status, run.conclusion) != ("completed", combined.conclusion):
            checks.show(github, run, replace(combined, summary=run.summary))


def _missing(job: Job, verdicts: Mapping[int, str | None]) -> tuple[Task, ...]:
    return tuple(
        Announcement(Job(job.installation, job.repository, number, priority=job.priority))
        for number, word in verdicts.items()
        if word is None
    )


def _log_conclusion(ending: ConcludeCheck) -> None:
    log.info("check concluded", conclusion=ending.conclusion, title=ending.title)
