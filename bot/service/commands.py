"""The story of a command: from a person's comment to what is recorded, and to one answer."""

from __future__ import annotations

import structlog

from bot.core.publish.commands import Command, parse_commands
from bot.github.events import body_mark
from bot.github.pulls import read_pull
from bot.github.replies import CommentKind, read_comment
from bot.github.tasks import Done, Job, MaintenanceTask
from bot.service.approvals import record_of
from bot.service.audit_record import Record
from bot.service.context import ServiceContext
from bot.service.hearing import Hearing
from bot.service.shown import recorded_conclusions, shown_at

log = structlog.get_logger()

BY_REVIEW = "approving-review"


def run_command(context: ServiceContext, task: MaintenanceTask) -> Done:
    """What became of a comment that holds a command, or of a review that may be an approval.

    Run twice, it records and answers once.
    """
    job = Job(task.installation, task.repository, task.number, "requested")
    with context.connected(task.installation, task.repository) as github:
        pull = read_pull(github, task.number)
        record = record_of(context, github, task.number)
        if not pull.open:
            return Done("unneeded")
        if task.detail == BY_REVIEW:
            return _reviewed(record, job)
        place, _, rest = task.detail.partition(":")
        number, _, content = rest.partition(":")
        kind: CommentKind = "line" if place == "line" else "issue"
        comment = read_comment(github, task.number, kind, int(number))
        if comment is None or not comment.person:
            return Done("unneeded")
        shown = shown_at(recorded_conclusions(github, pull, record), comment.written)
        hearing = Hearing(context, github, pull, comment, record, shown)
        edited = body_mark(comment.body) != content
        hearing.hear((Command("unknown", fault="edited"),) if edited else ())
        if not edited:
            hearing.hear(parse_commands(comment.body))
        hearing.answer()
    return Done("obeyed", (job,)) if hearing.changed else Done("heard")


def _reviewed(record: Record, job: Job) -> Done:
    """A review may be an approval only where the policy lets it be one."""
    newest = list(record.conclusions())[-1:]
    counts = any(
        need.by_review for recorded in newest for shown in recorded.findings for need in shown.needs
    )
    accepted = any(
        "approving review" in entry.reason
        for entry in record.audit.entries("accepted", record.repository, pull=record.pull)
    )
    return Done("obeyed", (job,)) if counts or accepted else Done("unneeded")
