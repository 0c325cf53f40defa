"""The engine: two trees in, an analysis out, as one pure function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from functools import partial
from hashlib import blake2b, sha1
from typing import Final, Protocol

from bot.analysis.counters import Counters
from bot.analysis.differences import states_difference
from bot.analysis.findings import Judging
from bot.analysis.lines.attribution import Attribution
from bot.analysis.lines.locate import Locator, in_one_line, merged
from bot.analysis.lines.reread_declarations import Redeclaring
from bot.analysis.lines.versions import Versions
from bot.analysis.manifests import ReadManifests
from bot.analysis.summary import summarise
from bot.analysis.validation import validated
from bot.core.engine.judge import RuleFailed
from bot.core.engine.review import (
    Analysis,
    Location,
    Problem,
    ProblemSubject,
    ReviewFinding,
    problem_about,
)
from bot.core.engine.rule import Rule
from bot.core.fetching import Fetcher
from bot.core.manifest import Manifest, ManifestFile, Reading
from bot.core.policy.model import Policy
from bot.core.rendering import Builder, NoBuilder
from bot.core.resource import Node, Resource, ResourceKey, Route
from bot.core.scopes import Scopes
from bot.core.state import changes
from bot.core.states import Manifests, States, states_of
from bot.core.states.resources import resources_of
from bot.core.states.roots.fetched_files import without_reserved
from bot.core.states.roots.files import files_of
from bot.core.states.roots.inputs import inputs_of
from bot.core.states.unread_files import unread_files
from bot.core.tree import Blobs, File, Tree
from bot.core.validation import NoValidator, Validator
from bot.kubernetes.gitops import Declarations, RepositoryAddresses, indeterminate, is_sensitive
from bot.kubernetes.remote.resolve import RemoteSources
from bot.kubernetes.remote.sources import SOURCE_KINDS, remote_sources
from bot.kubernetes.treatment.unjudged import unjudged, unread_carriers
from bot.records import dataclass

_SOURCES: Final = frozenset(kind.kind for kind in SOURCE_KINDS)


class Content(Manifests, Blobs, Protocol):
    """What the files of two trees hold, as bytes and as manifests."""


@dataclass(frozen=True, slots=True)
class Question:
    """The input of an analysis: two trees, the policy, and the default namespace.

    `repositories` are the addresses by which objects of the trees name their own repository.
    `difference` asks for the difference of the resources as well.
    """

    base: Tree
    head: Tree
    policy: Policy = field(default_factory=Policy)
    namespace: str = "default"
    repositories: tuple[str, ...] = ()
    difference: bool = False


def examine_trees(  # noqa: PLR0913, PLR0917 - each is an edge of its own
    question: Question,
    content: Content,
    rules: Iterable[Rule],
    builder: Builder | None = None,
    fetcher: Fetcher | None = None,
    validator: Validator | None = None,
) -> Analysis:
    """The analysis of the change from base to head.

    Without `builder` nothing is rendered, without `fetcher` nothing is fetched. `content` serves
    fetched files too, by content id.
    """
    policy = question.policy
    requested_rules = tuple(rule for rule in rules if not policy.rule(rule.id).off)
    options: dict[str, object] = {
        rule.id: policy.options(rule.id, rule.options) for rule in requested_rules
    }
    repository = RepositoryAddresses.of(question.repositories)
    states = states_of(
        question.base,
        question.head,
        content,
        policy,
        namespace=question.namespace,
        builder=builder,
        declare=Declarations(content, repository),
        addresses=question.repositories,
        blobs=content,
        resolver=RemoteSources(),
        fetcher=fetcher,
    )
    locator = _locator(question, content, states, builder or NoBuilder(), repository)
    answers = validated(states, validator or NoValidator())
    states = answers.states
    judging = Judging(requested_rules, options, policy, locator)
    findings = merged(list(judging.findings(states)))
    findings = judging.everywhere(findings, states.inferred)
    problems = (
        *(_crash(failed, states) for failed in judging.crashes.values()),
        *(_unvalidated(node, reason, locator) for node, reason in answers.failed),
        *map(locator.problem, (*states.troubles, *unread_files(*states.files, content, content))),
        *_not_judged(states, locator),
    )
    return Analysis(
        findings=tuple(sorted(findings, key=_finding_order)),
        problems=tuple(sorted(problems, key=_problem_order)),
        summary=summarise(states, answers.summary),
        difference=states_difference(states) if question.difference else None,
    )


def _locator(
    question: Question,
    content: Content,
    states: States,
    builder: Builder,
    repository: RepositoryAddresses,
) -> Locator:
    """What finds the file and line of a field, in both trees and in what they were rendered to."""
    old, new = states.declaring
    base, head = states.files
    declare = partial(Declarations, addresses=repository)
    versions = Versions(question.base, question.head, content, states.rendered, states.fetched)
    places = Attribution(
        Redeclaring(base.tree, content, old, declare),
        Redeclaring(head.tree, content, new, declare),
        states.rendered,
        builder,
        versions,
    )
    return Locator(
        content,
        question.base,
        question.head,
        places,
        versions,
        linking=states.linking,
        volatile=_volatile_fields(states),
    )


def _not_judged(states: States, locator: Locator) -> Iterator[Problem]:
    """The problems of content that was read and that no rule can judge, each once."""
    yield from dict.fromkeys(
        (
            *_indeterminate(states, locator),
            *_volatile(states, locator),
            *_unjudged(states, locator),
        )
    )


def owners_of(base: Tree, content: Content, policy: Policy) -> frozenset[str]:
    """The owners of the remote sources that a tree uses, as in `Address.owner`."""
    files = files_of(without_reserved(base), (*policy.ignore, *policy.rbac.known))
    written = (
        resource
        for path, file in files.manifests.items()
        for reading in _naming_sources(path, file, content.manifest(file))
        for resource in resources_of(reading, "default", Scopes())
    )
    sources = remote_sources((*inputs_of(files, content), *written))
    return frozenset(source.address.owner for source in sources if source.owned)


def _naming_sources(path: str, file: File, manifest: Manifest) -> list[ManifestFile]:
    """The different readings of a file in which some object may name a remote source."""
    kubectl, kustomize = manifest.kubectl, manifest.kustomize
    readings = [ManifestFile(path, file.blob, manifest)] if _names_source(kubectl) else []
    if kustomize is not kubectl and _names_source(kustomize):
        readings.append(ManifestFile(path, file.blob, manifest, kustomize=True))
    return readings


def _names_source(reading: Reading) -> bool:
    """Whether some object of a reading is of a kind that may name a remote source."""
    for document in reading.objects:
        identity = document.identity
        if identity and identity.kind in _SOURCES and identity.group_kind in SOURCE_KINDS:
            return True
    return False


def examine(
    base: Mapping[str, bytes], head: Mapping[str, bytes], policy: Policy, rules: Iterable[Rule]
) -> Analysis:
    """What the change from `base` to `head`, files by path, does."""
    blobs = {_content_id(data): data for data in (*base.values(), *head.values())}
    question = Question(_tree(base), _tree(head), policy)
    return examine_trees(question, ReadManifests(MemoryBlobs(blobs), Counters()), rules)


@dataclass(frozen=True, slots=True)
class MemoryBlobs:
    """Blobs in memory, by content id."""

    contents: Mapping[str, bytes]

    def data(self, blob: str) -> bytes:
        """The content of a file. Raises KeyError where there is no such content."""
        return self.contents[blob]


def _indeterminate(states: States, locator: Locator) -> Iterator[Problem]:
    """The fields that decide what a changed resource may do and that only a cluster knows."""
    for pair in (*states.pairs, *states.upgrades, *states.divided):
        for change in changes(pair.before, pair.after):
            if change.after is None:
                continue
            old = change.before
            value_by_route = (
                {}
                if old is None
                else {inner_node.route: inner_node.value for inner_node in indeterminate(old)}
            )
            for node in indeterminate(change.after):
                new = value_by_route.get(node.route) != node.value
                message = f"{node} comes from a value that only the cluster knows"
                subject = ProblemSubject(str(node), (_content(old), _content(change.after)))
                place = locator.place(node)
                yield problem_about(subject, "unrendered", place, in_one_line(message), new=new)


def _volatile(states: States, locator: Locator) -> Iterator[Problem]:
    """The fields that decide what a resource may do and that head makes anew in each build."""
    for root in states.rendered.values():
        for node in root.volatile:
            if is_sensitive(node) and not _is_label(node):
                message = f"{node} differs each time that Helm renders it"
                builds = tuple(_digest(repr(build)) for build in (root.before, root.after))
                subject, place = ProblemSubject(str(node), builds), locator.place(node)
                yield problem_about(subject, "unrendered", place, in_one_line(message), new=True)


def _unjudged(states: States, locator: Locator) -> Iterator[Problem]:
    """What no rule judges of the environments that differ."""
    compared = (*states.pairs, *states.upgrades, *states.beside, *states.divided)
    applied, unlisted = (
        [(pair.before, pair.after) for pair in pairs] for pairs in (compared, states.unlisted)
    )
    for part in (*unjudged(applied), *unread_carriers(unlisted)):
        subject = ProblemSubject(part.name, tuple(map(_content, part.resources)))
        place = locator.place(part.node, part.side)
        message = in_one_line(part.message)
        yield problem_about(subject, "unjudged", place, message, new=part.new)


def _volatile_fields(states: States) -> Mapping[ResourceKey, tuple[Route, ...]]:
    """The fields of rendered resources that change on every build, by resource."""
    routes: dict[ResourceKey, tuple[Route, ...]] = {}
    for root in states.rendered.values():
        for node in root.volatile:
            routes[node.resource.key] = (*routes.get(node.resource.key, ()), node.route)
    return routes


def _is_label(node: Node) -> bool:
    """Whether it names or marks an object as a whole, as a chart's tests and jobs often have it."""
    return node.route == ("metadata", "name") or node.route[:2] == ("metadata", "labels")


def _unvalidated(node: Node, reason: str, locator: Locator) -> Problem:
    """The problem that the validator could not judge an object."""
    resource = node.resource
    message = f"Whether the API server accepts {resource.key} is not known: {reason}"
    subject = ProblemSubject(f"validation of {resource.key}", (_content(resource),))
    place = locator.place(node)
    return problem_about(subject, "rule-failed", place, in_one_line(message), new=True)


def _crash(failed: RuleFailed, states: States) -> Problem:
    """The problem that a rule crashed; it rests on every changed resource."""
    message = f"The rule {failed.rule} crashed ({failed.error}), so its findings are missing"
    changed = (
        _content(side)
        for pair in (*states.pairs, *states.upgrades)
        for change in changes(pair.before, pair.after)
        for side in (change.before, change.after)
    )
    subject = ProblemSubject(failed.rule, (failed.error, *changed))
    return problem_about(subject, "rule-failed", None, message, new=True)


def _content(resource: Resource | None) -> str:
    return "" if resource is None else _digest(f"{resource.key} {resource.encoded!r}")


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _tree(files: Mapping[str, bytes]) -> Tree:
    return {
        path: File("100644", _content_id(data), len(data)) for path, data in sorted(files.items())
    }


def _content_id(data: bytes) -> str:
    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _place(location: Location | None) -> tuple[str, int, str]:
    return (location.path, location.line or 0, location.side) if location else ("", 0, "")


def _finding_order(finding: ReviewFinding) -> tuple[object, ...]:
    path, line, side = _place(finding.location)
    return (
        path,
        line,
        finding.rule,
        finding.message,
        side,
        finding.fingerprint,
        finding.environments,
    )


def _problem_order(problem: Problem) -> tuple[object, ...]:
    return (*_place(problem.location), problem.kind, problem.message)
