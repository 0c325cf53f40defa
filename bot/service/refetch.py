"""Remote sources that could not be reached: the review is repeated for half an hour, then ends.

A server that does not answer is no property of the change, and nobody should have to ask again when
it answers. The check stays concluded meanwhile. The last attempt takes what was fetched before. A
merge queue holds others up, so its combinations wait for three minutes only, in progress.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from bot.core.engine.review import Review
from bot.github.tasks import REFETCH_WAITS, GroupJob, Job, PushJob
from bot.service.context import ServiceContext

_Context = TypeVar("_Context", bound=ServiceContext)
_Repeated = TypeVar("_Repeated", GroupJob, PushJob)

GROUP_TRIES: Final = 2
"""How often the review of a merge queue's combination is repeated."""


def is_last(job: Job | GroupJob | PushJob) -> bool:
    """Whether a job is the last attempt."""
    if isinstance(job, GroupJob):
        return job.tries >= GROUP_TRIES
    if isinstance(job, PushJob):
        return job.tries >= len(REFETCH_WAITS)
    return job.reason == "refetch" and job.tries >= len(REFETCH_WAITS)


def refetching(job: Job, head: str, review: Review) -> tuple[Job, ...]:
    """The next attempt at a review of `head`: none where nothing that failed may pass by itself."""
    if is_last(job) or not _was_unreachable(review):
        return ()
    tries = job.tries + 1 if job.reason == "refetch" else 1
    # Nobody waits for it, and it must not delay a review that somebody waits for.
    return (replace(job, reason="refetch", priority="sweep", head=head, tries=tries),)


def repeated(job: _Repeated, review: Review) -> tuple[_Repeated, ...]:
    """The next attempt at a combination or push: none where nothing that failed may pass."""
    if is_last(job) or not _was_unreachable(review):
        return ()
    return (replace(job, tries=job.tries + 1),)


def with_retries(review: Review, job: Job | PushJob, now: datetime) -> Review:
    """The review with a sentence on further attempts, where a source could not be reached."""
    if not _was_unreachable(review):
        return review
    sentence = (
        "A source could not be reached for half an hour. Re-run this check when it is available "
        "again."
    )
    if not is_last(job):
        done = job.tries if isinstance(job, PushJob) or job.reason == "refetch" else 0
        until = now + timedelta(seconds=sum(REFETCH_WAITS[done:]))
        sentence = (
            "A source could not be reached. Fairlead tries again by itself until "
            f"{until:%H:%M} UTC; nobody needs to re-run this check."
        )
    return replace(review, summary=replace(review.summary, retries=sentence))


def fetching_for(context: _Context, job: Job | GroupJob | PushJob) -> _Context:
    """The context of a job: the last attempt takes earlier fetches where nothing answers."""
    fetching = context.options.fetching
    if fetching is None or not is_last(job):
        return context
    return replace(context, options=replace(context.options, fetching=fetching.from_store()))


def _was_unreachable(review: Review) -> bool:
    """Whether something could not be reviewed while a source did not answer."""
    return bool(review.problems) and any(source.passing for source in review.summary.fetched)
