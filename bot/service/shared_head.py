"""The end of a pull request's check, which may be that of others with the same head commit.

GitHub keeps a check by commit and not by pull request: what one may merge, another with the same
head and a different base must not merge by it. So the worst verdict stands, and nobody is green
before everybody is reviewed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.core.publish.notices import known, shared, title_of, waiting
from bot.core.publish.plan import ConcludeCheck
from bot.github import checks
from bot.github.auth import GitHubConnection
from bot.github.pulls import PullRequest, on_head
from bot.github.tasks import Announcement, Job, Task

log = structlog.get_logger()


def conclude(
    github: GitHubConnection,
    pull: PullRequest,
    job: Job,
    run: checks.CheckRun | None,
    end: checks.End,
) -> tuple[Task, ...]:
    """Ends the run, and those of the others; the tasks are for those that are not reviewed yet."""
    about, ending = checks.about_pull(pull), end.shown
    others = [one for one in on_head(github, pull.head) if one.number != pull.number]
    if not others:
        checks.conclude(github, about, run, end)
        _told(ending)
        return ()
    said = _said(github, pull.head, others)
    if None in said.values() and ending.conclusion != "failure":
        run = run or checks.begin(github, about)
        held = waiting(ending, (number for number, word in said.items() if word is None))
        checks.conclude(
            github, about, run, replace(end, shown=held, how="judged", own=ending.conclusion)
        )
        # Whoever waits second sees the first: one of two that wait for each other ends both.
        said = _said(github, pull.head, others)
        if None in said.values():
            return _missing(job, said)
        run = checks.newest(checks.runs_on(github, pull.head), about)
        # The annotations are there.
        ending = replace(ending, annotations=())
    words = {number: word for number, word in said.items() if word is not None}
    worst = shared(ending, words.items())
    checks.conclude(github, about, run, replace(end, shown=worst, own=ending.conclusion))
    _told(worst)
    _show(github, pull, others, {**words, pull.number: ending.conclusion})
    return _missing(job, said)


def _said(
    github: GitHubConnection, head: str, others: list[PullRequest]
) -> Mapping[int, str | None]:
    """What the review of each says, None where there is none yet."""
    runs = checks.runs_on(github, head)
    return {one.number: checks.own_conclusion(runs, checks.about_pull(one)) for one in others}


def _show(
    github: GitHubConnection, pull: PullRequest, others: list[PullRequest], words: Mapping[int, str]
) -> None:
    """Brings the other runs of the commit to the worst of all."""
    runs = checks.runs_on(github, pull.head)
    for one in others:
        run = checks.newest(runs, checks.about_pull(one))
        if run is None or one.number not in words:
            continue
        own = ConcludeCheck(known(words[one.number]), title_of(run.title), run.summary)
        rest = ((number, word) for number, word in words.items() if number != one.number)
        told = shared(own, rest)
        if (run.status, run.conclusion) != ("completed", told.conclusion):
            checks.show(github, run, replace(told, summary=run.summary))


def _missing(job: Job, said: Mapping[int, str | None]) -> tuple[Task, ...]:
    return tuple(
        Announcement(Job(job.installation, job.repository, number, priority=job.priority))
        for number, word in said.items()
        if word is None
    )


def _told(ending: ConcludeCheck) -> None:
    log.info("check concluded", conclusion=ending.conclusion, title=ending.title)
