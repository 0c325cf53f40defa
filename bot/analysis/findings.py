"""The findings of all comparisons of a review, each cause once.

Head's own placements are judged first. What only base's placements, base's division into
environments or the finest division show is added where it would block: nothing that a change adds
makes less of it judged, and no resource hides another one of its name. What nothing applies is
judged as it stands, no louder than the policy says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Final

from bot.analysis.comparisons import FurtherComparison, further_comparisons
from bot.analysis.lines.locate import Locator
from bot.core.engine.judge import Judged, RuleFailed, judge
from bot.core.engine.review import Location, ReviewFinding
from bot.core.engine.rule import Rule
from bot.core.finding import FileLine, Severity
from bot.core.policy.model import Policy
from bot.core.resource import ResourceKey
from bot.core.state import State
from bot.core.states import Pair, States
from bot.core.states.environments import DEFAULT_NAME
from bot.core.values import Value
from bot.kubernetes.apply.kept import Kept, kept_once
from bot.records import dataclass

_UNLISTED: Final = "nothing here applies this file, so it is judged as it stands"


@dataclass(slots=True)
class _Reported:
    """How severe what is reported already is at the worst: by fingerprint, and by rule and place.

    A finding that is worse is not reported yet: a second, weaker copy of a role takes nothing away.
    """

    severities: dict[str, int] = field(default_factory=dict)
    places: dict[tuple[str, Location | None], int] = field(default_factory=dict)

    def adding(self, findings: Iterable[ReviewFinding]) -> list[ReviewFinding]:
        """Return these findings, which then count as reported."""
        reported = list(findings)
        for finding in reported:
            rank, place = finding.severity.rank, (finding.rule, finding.location)
            worst = self.severities.get(finding.fingerprint, rank)
            self.severities[finding.fingerprint] = max(rank, worst)
            self.places[place] = max(rank, self.places.get(place, rank))
        return reported

    def has(self, judged: Judged) -> bool:
        """Whether this finding is reported, as bad as here."""
        severity = judged.finding.severity or judged.rule.severity
        return self.severities.get(judged.fingerprint, -1) >= severity.rank

    def stands_at(self, finding: ReviewFinding) -> bool:
        """Whether the rule reports something as bad at the place of a finding that has one."""
        if finding.location is None:
            return False
        return self.places.get((finding.rule, finding.location), -1) >= finding.severity.rank


@dataclass(slots=True)
class Judging:
    """Judges the comparisons of a review. `crashes` are the rules that failed, each once.

    `shared` are fingerprints of findings about resources that all environments have.
    """

    rules: tuple[Rule, ...]
    options: Mapping[str, object]
    policy: Policy
    locator: Locator
    crashes: dict[tuple[str, str], RuleFailed] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)

    def findings(self, states: States) -> Iterator[ReviewFinding]:
        """The findings of all comparisons, unmerged."""
        reported = _Reported()
        yield from reported.adding(self._by_head((*states.pairs, *states.upgrades)))
        for comparison in further_comparisons(states):
            yield from reported.adding(self._added(comparison, reported))
        yield from self._unlisted(states.unlisted, reported)

    def _by_head(self, pairs: Iterable[Pair]) -> Iterator[ReviewFinding]:
        """The findings of head's own placements; those of foreign roles where they are at home."""
        elsewhere: list[Judged] = []
        at_home: set[str] = set()
        for pair in pairs:
            for judged in self._judged(pair):
                if _is_of(judged, pair.foreign):
                    elsewhere.append(judged)
                else:
                    at_home.add(judged.fingerprint)
                    self._note_shared(judged, pair)
                    yield self.locator.finding(judged)
        for judged in elsewhere:
            if judged.fingerprint not in at_home:
                yield self.locator.finding(judged)

    def _note_shared(self, judged: Judged, pair: Pair) -> None:
        if _is_of(judged, pair.shared):
            self.shared.add(judged.fingerprint)

    def everywhere(
        self, findings: Iterable[ReviewFinding], inferred: frozenset[str]
    ) -> Iterator[ReviewFinding]:
        """The findings; one in most inferred environments that lies in none of them names none.

        A directory outside of every environment is part of each, which says nothing of where it is.
        """
        for finding in findings:
            names = frozenset(finding.environments)
            most = len(inferred) > 1 and len(inferred & names) * 2 > len(inferred)
            if most and finding.fingerprint in self.shared:
                kept = (name for name in finding.environments if name not in inferred)
                yield replace(finding, environments=(DEFAULT_NAME, *kept))
            else:
                yield finding

    def _added(self, comparison: FurtherComparison, reported: _Reported) -> Iterator[ReviewFinding]:
        """What a further comparison adds to what is reported."""
        for pair in comparison.pairs:
            for judged in self._judged(pair):
                counts = self._blocks(judged) or comparison.is_about_another(judged)
                if reported.has(judged) or not counts:
                    continue
                finding = self.locator.finding(judged)
                if not reported.stands_at(finding):
                    yield _noted(finding, comparison.note, comparison.facts)

    def _unlisted(self, pairs: Iterable[Pair], reported: _Reported) -> Iterator[ReviewFinding]:
        """What would be found of files that nothing applies."""
        for pair in pairs:
            for judged in self._judged(pair):
                if judged.fingerprint in reported.severities or not _is_in(judged, pair.roots):
                    continue
                finding = self.locator.finding(judged)
                severity = min(
                    self._severity(judged), self.policy.unlisted, key=lambda severity: severity.rank
                )
                noted = _noted(finding, _UNLISTED, {"placements": "none"})
                yield replace(noted, severity=severity)

    def _judged(self, pair: Pair) -> Iterator[Judged]:
        """The findings of a pair, and what blocks only beside the removed objects that stay.

        Findings about a removal name what stays in the cluster.
        """
        staying = kept_once(pair.before, pair.after)
        usual = self._rules_of(pair.before, pair.after)
        if staying is None:
            yield from usual
            return
        remaining = list(self._rules_of(pair.before, staying.after))
        fingerprints = frozenset(judged.fingerprint for judged in remaining)
        ranks: dict[str, int] = {}
        for judged in usual:
            ranks[judged.fingerprint] = self._severity(judged).rank
            yield judged if judged.fingerprint in fingerprints else _kept(judged, staying)
        for judged in remaining:
            severity = self._severity(judged)
            if self._blocks(judged) and severity.rank > ranks.get(judged.fingerprint, -1):
                message = f"{judged.finding.message}; {staying.note}"
                yield replace(judged, finding=replace(judged.finding, message=message))

    def _rules_of(self, before: State, after: State) -> Iterator[Judged]:
        """The findings of the rules; one that fails is noted."""
        for judged in judge(before, after, self.rules, self.options):
            if isinstance(judged, RuleFailed):
                self.crashes.setdefault((judged.rule, judged.error), judged)
            else:
                yield judged

    def _blocks(self, judged: Judged) -> bool:
        return self.policy.block.reached_by(self._severity(judged))

    def _severity(self, judged: Judged) -> Severity:
        by_policy = self.policy.rule(judged.rule.id).severity
        return by_policy or judged.finding.severity or judged.rule.severity


def _kept(judged: Judged, staying: Kept) -> Judged:
    """A finding about a removal that leaves the object in the cluster: no error, unless it limits.

    A guard that only the cluster still has can be written anew in a weaker form, and that change
    would be judged as if nothing had been there.
    """
    finding = judged.finding
    if (finding.severity or judged.rule.severity) is not Severity.ERROR:
        return judged
    severity = finding.severity if staying.limits else Severity.WARNING
    message = f"{finding.message}; {staying.note}"
    return replace(judged, finding=replace(finding, message=message, severity=severity))


def _is_of(judged: Judged, keys: frozenset[ResourceKey]) -> bool:
    node = judged.finding.node
    return not isinstance(node, FileLine) and node.resource.key in keys


def _is_in(judged: Judged, paths: tuple[str, ...]) -> bool:
    node, side = judged.finding.node, judged.finding.side
    return not isinstance(node, FileLine) and side == "RIGHT" and node.resource.source.path in paths


def _noted(finding: ReviewFinding, note: str, facts: Mapping[str, Value]) -> ReviewFinding:
    message = f"{finding.message}; {note}" if note else finding.message
    return replace(finding, message=message, facts={**finding.facts, **facts})
