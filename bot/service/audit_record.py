"""What the audit log says of a pull request: what was shown on it, and what people decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import blake2b
from typing import Any

import msgspec

from bot.core.engine.accounts import GitHubAccount
from bot.core.engine.approvals import Approval, digest
from bot.core.engine.needs import Approvers, owner_names
from bot.core.engine.review import Overridden, Review, ReviewFinding
from bot.core.policy.model import Policy
from bot.core.publish.report import badness
from bot.github.activity import BranchPush
from bot.service.audit_facts import (
    ACCOUNT,
    MOST_SHOWN,
    ConclusionData,
    RecordedConclusion,
    actor_of,
    conclusion_data,
    recorded_approval,
)
from bot.store.audit import Audit, AuditEntry, Event, stamp


@dataclass(frozen=True, slots=True)
class Record:
    """The log of one pull request. `now` is this moment; `delivery` finds it in the logs."""

    audit: Audit
    repository: int
    name: str
    pull: int
    now: datetime
    delivery: str = ""

    def of_pull(self, pull: int) -> Record:
        """The log of another pull request of the repository."""
        return replace(self, pull=pull)

    def conclude(
        self, review: Review, approvers: Approvers, names: frozenset[str], tip: str
    ) -> str:
        """Records what a review is about to show, unless the last one showed the same.

        `names` are the fingerprints of what the posted text names by id, `tip` is the commit of the
        base branch with which the head was judged as well. Returns the key of the conclusion.
        """
        data = conclusion_data(review, approvers, names, tip)
        content = blake2b(msgspec.json.encode(data, order="sorted"), digest_size=12).hexdigest()
        before = self.audit.entries("concluded", self.repository, pull=self.pull)
        if before and before[-1].key.endswith(f":{review.head}:{content}"):
            return before[-1].key
        key = f"concluded:{self.repository}:{self.pull}:{len(before)}:{review.head}:{content}"
        self.audit.append(
            [self._entry(key, "concluded", review.head, data=data), *self._details(review)]
        )
        return key

    def show(self, key: str, at: str, head: str) -> None:
        """Records when GitHub showed a conclusion, by GitHub's clock; the first time counts."""
        if at:
            self.audit.append([self._entry(f"shown:{key}", "shown", head, data={"at": at})])

    def conclusions(self) -> Iterator[RecordedConclusion]:
        """What the reviews said, oldest first."""
        shown = {
            entry.key.removeprefix("shown:"): str(entry.data["at"])
            for entry in self.audit.entries("shown", self.repository, pull=self.pull)
        }
        for entry in self.audit.entries("concluded", self.repository, pull=self.pull):
            data = msgspec.convert(dict(entry.data), ConclusionData)
            yield RecordedConclusion(
                entry.key,
                shown.get(entry.key, ""),
                entry.head,
                data.verdict,
                tuple(data.findings),
                tuple(data.overriders),
                data.hours,
                data.overridden,
                data.until,
                data.base,
                data.tip,
            )

    def judged_with(self, head: str) -> tuple[str, str]:
        """The base of the newest review of a head, and the tip with which it was judged as well.

        Both are empty where none is recorded.
        """
        recorded = [each for each in self.conclusions() if each.head == head][-1:]
        return next(((each.base, each.tip) for each in recorded), ("", ""))

    def gives_back(self, head: str) -> str:
        """The commit whose state a head gives back by the newest review of it, empty for none."""
        for entry in self.audit.entries("concluded", self.repository, pull=self.pull)[::-1]:
            if entry.head == head:
                return str(entry.data.get("gives_back", ""))
        return ""

    def pushes(self) -> tuple[BranchPush, ...]:
        """The pushes to the pull request, by the webhooks that announced them."""
        entries = self.audit.entries("pushed", self.repository, pull=self.pull)
        return tuple(
            BranchPush(actor_of(entry), entry.head, str(entry.data.get("before", "")))
            for entry in entries
        )

    def push(self, push: BranchPush) -> None:
        """Records who pushed a commit to the pull request."""
        key = f"pushed:{self.repository}:{self.pull}:{push.after}:{push.by.login}"
        data = {"before": push.before}
        self.audit.append([self._act(push.by, key, "pushed", push.after, data=data)])

    def approvals(self) -> tuple[Approval, ...]:
        """What people accepted here."""
        entries = self.audit.entries("approved", self.repository, pull=self.pull)
        return tuple(map(recorded_approval, entries))

    def elsewhere(self, fingerprints: Sequence[str]) -> tuple[Approval, ...]:
        """What people accepted of these findings on other pull requests."""
        entries = self.audit.entries("approved", self.repository, fingerprints=fingerprints)
        return tuple(recorded_approval(entry) for entry in entries if entry.pull != self.pull)

    def approve(self, approval: Approval, rule: str, head: str, source: str) -> None:
        """Records a person's consent; `source` is the comment by which it was given."""
        what = f"{approval.digest}:{','.join(approval.environments)}"
        content = blake2b(what.encode(), digest_size=8).hexdigest()
        key = f"approved:{self.repository}:{self.pull}:{source}:{approval.fingerprint}:{content}"
        entry = self._act(
            approval.by, key, "approved", head, reason=approval.reason, rule=rule,
            fingerprint=approval.fingerprint,
            data={
                "digest": approval.digest, "severity": str(approval.severity),
                "environments": approval.environments, "owners": approval.owners,
                "message": approval.message, "fields": dict(approval.fields),
            },
        )  # fmt: skip
        self.audit.append([entry])

    def override(self, by: GitHubAccount, reason: str, head: str, source: str, **data: Any) -> None:
        """Records that a person lets the head through; `until` and `owners` are in `data`."""
        key = f"overridden:{self.repository}:{self.pull}:{source}"
        entry = self._act(by, key, "overridden", head, reason=reason, data=data)
        self.audit.append([entry])

    def overridden(self, head: str, policy: Policy) -> Overridden | None:
        """The override of this head that holds now, by someone whom the policy still names."""
        named = set(owner_names((*policy.override.teams, *policy.override.users)))
        for entry in self.audit.entries("overridden", self.repository, pull=self.pull)[::-1]:
            alive = entry.head == head and stamp(self.now) < entry.data["until"]
            if alive and named & set(entry.data["owners"]):
                until = entry.data["until"][:16].replace("T", " ")
                return Overridden(entry.actor, entry.reason, f"{until} UTC")
        return None

    def lapsed(self, today: date) -> bool:
        """Whether the last review let something through that is let through no longer.

        By an override that is over, or by a waiver that has expired.
        """
        last = list(self.conclusions())[-1:]
        if any(recorded.until and recorded.until < today.isoformat() for recorded in last):
            return True
        overrides = self.audit.entries("overridden", self.repository, pull=self.pull)
        alive = any(
            entry.head == recorded.head and stamp(self.now) < entry.data["until"]
            for recorded in last
            for entry in overrides
        )
        return any(recorded.overridden for recorded in last) and not alive

    def refuse(self, by: GitHubAccount, reason: str, head: str, source: str) -> None:
        """Records that somebody asked for what they may not have."""
        key = f"refused:{self.repository}:{self.pull}:{source}"
        self.audit.append([self._act(by, key, "refused", head, reason=reason)])

    def notified(self, team: str) -> bool:
        """Whether the team was told of this pull request."""
        entries = self.audit.entries("notified", self.repository, pull=self.pull)
        return any(entry.actor == team for entry in entries)

    def notify(self, team: str, head: str, *, taken: bool) -> None:
        """Records that a team was told, and whether GitHub took it."""
        key = f"notified:{self.repository}:{self.pull}:{team}"
        data = {"taken": taken}
        self.audit.append([self._entry(key, "notified", head, actor=team, data=data)])

    def _details(self, review: Review) -> Iterator[AuditEntry]:
        """A row for each finding, waived, accepted or standing: for who queries the table."""
        standing: Iterable[tuple[Event, ReviewFinding, Mapping[str, str]]] = (
            ("found", finding, {}) for finding in sorted(review.findings, key=badness)[:MOST_SHOWN]
        )
        suppressed: Iterable[tuple[Event, ReviewFinding, Mapping[str, str]]] = (
            ("accepted" if "approval" in item.because else "waived", item.finding, item.because)
            for item in review.suppressed[:MOST_SHOWN]
        )
        for event, finding, because in (*standing, *suppressed):
            spaces = ",".join(finding.environments)
            what = f"{digest(finding)}:{spaces}:{sorted(because.items())}"
            content = blake2b(what.encode(), digest_size=8).hexdigest()
            place = f"{self.repository}:{self.pull}:{review.head}"
            yield self._entry(
                f"{event}:{place}:{finding.fingerprint}:{content}",
                event,
                review.head,
                actor=because.get("by", ""),
                rule=finding.rule,
                fingerprint=finding.fingerprint,
                reason=because.get("approval") or because.get("waiver", ""),
                data={
                    "message": finding.message,
                    "severity": str(finding.severity),
                    "blocks": finding.blocks,
                    "environments": finding.environments,
                    "path": finding.location.path if finding.location else None,
                    "because": dict(because),
                },
            )

    def _act(self, by: GitHubAccount, key: str, event: Event, head: str, **more: Any) -> AuditEntry:
        """An entry of what a person did."""
        data = {**more.pop("data", {}), ACCOUNT: by.id}
        return self._entry(key, event, head, actor=by.login, data=data, **more)

    def _entry(self, key: str, event: Event, head: str, **more: Any) -> AuditEntry:
        return AuditEntry(
            key=key,
            at=stamp(self.now),
            event=event,
            repository=self.repository,
            name=self.name,
            pull=self.pull,
            head=head,
            delivery=self.delivery,
            **more,
        )
