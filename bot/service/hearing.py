"""What a command does: who may give it, what it accepts, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.catalog import load_rules
from bot.core.engine.approvals import Approval
from bot.core.policy.model import Policy
from bot.core.publish.commands import Command
from bot.core.publish.replies import NOBODY, CommandReply, Person, write_reply
from bot.errors import PolicyError
from bot.git import Repository
from bot.github.connection import GitHubConnection
from bot.github.people import People
from bot.github.pulls import PullRequest
from bot.github.replies import Comment, reply, reply_mark
from bot.service.audit_facts import RecordedConclusion, ShownFinding
from bot.service.audit_record import Record
from bot.service.authorship import Authorship, authorship_of
from bot.service.commits import Commits
from bot.service.context import ServiceContext, trusted
from bot.service.deadline import Deadline
from bot.service.named_findings import approvable, matching
from bot.service.review_approvals import names_of
from bot.service.shown import ShownReview
from bot.store.audit import stamp

log = structlog.get_logger()

_AUTHOR: Final = (
    "whoever opened a pull request, pushed to it or wrote one of its commits cannot accept its "
    "findings"
)
_AUTHOR_OVERRIDES: Final = (
    "whoever opened a pull request, pushed to it or wrote one of its commits cannot override its "
    "review"
)


@dataclass(slots=True)
class Hearing:
    """One comment being carried out. `changed`: what the check says may be another now."""

    context: ServiceContext
    github: GitHubConnection
    pull: PullRequest
    comment: Comment
    record: Record
    shown: ShownReview | None
    changed: bool = False
    answers: list[CommandReply] = field(default_factory=list)

    def hear(self, commands: tuple[Command, ...]) -> None:
        """Carries out the commands, in their order."""
        shown = self.shown.conclusion if self.shown else None
        for at, command in enumerate(commands):
            log.info(
                "command", verb=command.verb, by=self.comment.author.login, fault=command.fault
            )
            if command.fault:
                self.answers.append(CommandReply(command.verb, command.id, fault=command.fault))
                continue
            match command.verb:
                case "approve":
                    self._approve(command, at)
                case "override":
                    self._override(command, shown, at)
                case "recheck":
                    self.changed = self.changed or self._is_insider
                case "explain":
                    self._explain(command, shown)
                case _:
                    self.answers.append(CommandReply(command.verb))

    def answer(self) -> None:
        """Answers, once and all in one; strangers get no answer, only what they may have."""
        visible = [item for item in self.answers if self._is_insider or item.done]
        if visible:
            body = write_reply(reply_mark(self.comment), tuple(visible))
            reply(self.github, self.pull.number, self.comment, body)

    @property
    def _is_insider(self) -> bool:
        """Whether the author is one of the repository's people, or opened the pull request."""
        return self.comment.insider or self._is_author

    @property
    def _is_author(self) -> bool:
        return self.comment.author.is_same(self.pull.author)

    def _approve(self, command: Command, at: int) -> None:
        findings = approvable(command.id, self.shown)
        known = () if isinstance(findings, str) else findings
        for_anybody = tuple(filter(_gives_back, known))
        authored = self._authored(_AUTHOR) if known != for_anybody or not known else ""
        if authored and not for_anybody:
            self._refuse(command, authored, at)
            return
        if isinstance(findings, str):
            self._refuse(command, findings, at)
            return
        people = People(self.github, self.context.gateway)
        head = self.shown.conclusion.head if self.shown else ""
        for finding in for_anybody if authored else findings:
            names = names_of(people, self.comment.author, finding.needs)
            owners = tuple(dict.fromkeys(name for need in finding.needs for name in need.owners))
            if not names:
                why = "the policy names nobody who could accept it" if not owners else ""
                self._refuse(command, why, at, finding, Person(owners, people.blind))
                continue
            approval = Approval(
                self.pull.number, finding.fingerprint, finding.digest,
                finding.severity, finding.environments,
                self.comment.author, names, command.reason,
                message=finding.message, fields=finding.fields,
            )  # fmt: skip
            self.record.approve(approval, finding.rule, head, self._source(at))
            self.changed = True
            self.answers.append(
                CommandReply("approve", finding.fingerprint, message=finding.message, done=True)
            )

    def _authored(self, refusal: str) -> str:
        """Why the person counts as an author, or nothing. `refusal` is said of a known author.

        Where nobody is known to have pushed a commit, it may be this person.
        """
        authorship = authorship_of(self.github, self.pull, self.record)
        if authorship.unattributed:
            return _unattributed(authorship.unattributed)
        return refusal if self._wrote_it(authorship) else ""

    def _wrote_it(self, authorship: Authorship) -> bool:
        """Whether the person opened the pull request, pushed to it, or wrote one of its commits."""
        person = self.comment.author
        if not person.is_among(authorship.anybody()):
            return False
        base = f"refs/heads/{self.pull.base}"
        deadline = Deadline(self.context.seconds)
        repository = self.context.fetched(self.github, (self.pull.head, base), deadline)
        return person.is_among(authorship.authors(repository, self._policy(repository)))

    def _policy(self, repository: Repository) -> Policy:
        """The policy, or the defaults where it is not valid: then nothing is promoted."""
        base, tip = f"refs/heads/{self.pull.base}", repository.resolve(trusted(self.github))
        commits = Commits(
            repository, repository.merge_base(base, self.pull.head), self.pull.head,
            tip, self.pull.target, self.github.clone_url,
        )  # fmt: skip
        try:
            return self.context.policy(self.github, commits)
        except PolicyError:
            return Policy()

    def _override(self, command: Command, shown: RecordedConclusion | None, at: int) -> None:
        authored = self._authored(_AUTHOR_OVERRIDES)
        if authored:
            self._refuse(command, authored, at)
            return
        if shown is None or not shown.overriders:
            self._refuse(command, "the policy names nobody who may: `override:` is empty", at)
            return
        people = People(self.github, self.context.gateway)
        names = people.names(self.comment.author.login, shown.overriders)
        if not names:
            self._refuse(command, "", at, person=Person(shown.overriders, people.blind))
            return
        written = datetime.fromisoformat(self.comment.written)
        until = stamp(written + timedelta(hours=shown.hours))
        self.record.override(
            self.comment.author, command.reason, shown.head, self._source(at),
            until=until, owners=names,
        )  # fmt: skip
        log.warning("review overridden", by=self.comment.author.login, until=until, head=shown.head)
        self.changed = True
        self.answers.append(CommandReply("override", until=until, done=True))

    def _explain(self, command: Command, shown: RecordedConclusion | None) -> None:
        findings = matching(command.id, shown, blocking=False)
        if isinstance(findings, str):
            self.answers.append(CommandReply("explain", command.id, fault=findings))
            return
        finding = findings[0]
        page = next((rule.page for rule in load_rules() if rule.id == finding.rule), None)
        self.answers.append(
            CommandReply("explain", finding.fingerprint, message=finding.message, page=page)
        )

    def _refuse(
        self,
        command: Command,
        why: str,
        at: int,
        finding: ShownFinding | None = None,
        person: Person = NOBODY,
    ) -> None:
        """Records and answers that this person may not."""
        which = finding.fingerprint if finding else command.id
        reason = f"{command.verb} {which}: {why or 'not among those who may'}"
        self.record.refuse(
            self.comment.author, reason, self.pull.head, f"{self._source(at)}:{which}"
        )
        self.answers.append(
            CommandReply(command.verb, which, fault=why or "may-not", person=person)
        )

    def _source(self, at: int) -> str:
        return f"{self.comment.place}:{self.comment.id}:{at}"


def _unattributed(commit: str) -> str:
    return (
        f"GitHub did not tell Fairlead who pushed {commit[:12]}, so that person may be "
        "an approver: rewrite the commits of the branch and push them again"
    )


def _gives_back(finding: ShownFinding) -> bool:
    """Whether anybody who may write accepts the finding, an author included."""
    return any(need.gives_back for need in finding.needs)
