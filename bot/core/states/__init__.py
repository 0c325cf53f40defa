"""What do two trees put into each environment? Trees into roots, placements and states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from types import MappingProxyType

from bot.core.fetching import Fetcher, FetchResult, NoFetcher, SourceReference
from bot.core.manifest import Manifest
from bot.core.policy.model import Policy
from bot.core.rendering import Builder, Declare, NoBuilder, declare_nothing
from bot.core.resource import Resource
from bot.core.scopes import scopes_of
from bot.core.state import Environment, State
from bot.core.states.environments import (
    Environments,
    PlacedResources,
    environments_of,
    placed_resources,
)
from bot.core.states.pairing import Pair, Pairing
from bot.core.states.placement_table import NO_PLACEMENTS, PlacementTable
from bot.core.states.placements.applied import Applied, ManyApplied
from bot.core.states.placements.comparison import Comparison
from bot.core.states.placements.definitions import definitions
from bot.core.states.placements.linking import NO_LINKING, Linking
from bot.core.states.placements.rendered_pairs import RenderedPair
from bot.core.states.placements.root_reader import RootReader
from bot.core.states.problems import Trouble, not_reached, unrendered
from bot.core.states.reached.roots import MOST_REACHED
from bot.core.states.readings import Readings
from bot.core.states.rendered.rendering import Rendering
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.fetched_files import (
    NOTHING,
    FetchedFiles,
    FetchSession,
    SourceResolver,
    named,
    reserved,
)
from bot.core.states.roots.files import Files, files_of
from bot.core.states.roots.inferred import roots_of
from bot.core.states.roots.naming import Naming
from bot.core.states.roots.root import RootKey
from bot.core.states.tree_reading import TreeReading
from bot.core.states.trees import Trees
from bot.core.states.unreadable import left_out, pointers, unreadable
from bot.core.states.unreleased_charts import unreleased_charts
from bot.core.tree import Blobs, File, Tree
from bot.records import dataclass

__all__ = ["Manifests", "Pair", "RenderedPair", "States", "Trouble", "build_state", "states_of"]


@dataclass(frozen=True, slots=True)
class States:
    """The states of two trees: the environments that differ, and what could not be reviewed.

    `environments` names every environment; those without a pair are equal on both sides.
    `resources` counts the resources compared, each once, however many environments hold it.
    `rendered` are the roots that a renderer built, by root name. `affected` maps each root that
    needs a renderer and is touched by the change to whether it was rendered; `tools` are the
    programs that did so. `upgrades` are pairs for environments that already run the charts, where
    templates differ for an upgrade. `missing` gives the reason for each root that was not rendered,
    by root name. `declaring` are the resources of base and of head that were searched for
    declarations. `fetch_results` are the answers to fetched references, without their files;
    `fetched` are the files that base and head have of them. `beside` are pairs under base's
    placements and base's division into environments, where head's differ; `unlisted` are pairs with
    the manifests added that nothing applies, and `linking` finds the entry that takes a file in.
    `placements` are the tables of base and head, `files` what there is to look at in both.
    `divided` are pairs of the finest division: one for each directory that holds a resource which a
    sibling holds too. `inferred` are the environments that the policy does not name.
    """

    environments: tuple[str, ...]
    pairs: tuple[Pair, ...]
    troubles: tuple[Trouble, ...]
    resources: int
    files: tuple[Files, Files]
    rendered: Mapping[str, RenderedPair] = field(default_factory=lambda: MappingProxyType({}))
    affected: Mapping[RootKey, bool] = field(default_factory=lambda: MappingProxyType({}))
    tools: tuple[str, ...] = ()
    upgrades: tuple[Pair, ...] = ()
    missing: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    declaring: tuple[tuple[Resource, ...], tuple[Resource, ...]] = ((), ())
    fetch_results: Mapping[SourceReference, FetchResult] = field(
        default_factory=lambda: MappingProxyType({})
    )
    fetched: tuple[FetchedFiles, FetchedFiles] = (NOTHING, NOTHING)
    beside: tuple[Pair, ...] = ()
    unlisted: tuple[Pair, ...] = ()
    linking: Linking = NO_LINKING
    placements: tuple[PlacementTable, PlacementTable] = (NO_PLACEMENTS, NO_PLACEMENTS)
    divided: tuple[Pair, ...] = ()
    inferred: frozenset[str] = frozenset()

    @property
    def compared_resources(self) -> frozenset[int]:
        """The resources of all pairs, by `id`."""
        sides = (side for pair in self.pairs for side in (pair.before, pair.after))
        return frozenset(id(resource) for side in sides for resource in side.resources)


def states_of(  # noqa: PLR0913 - what is compared, and by name how
    base: Tree,
    head_tree: Tree,
    manifests: Manifests,
    policy: Policy,
    *,
    namespace: str = "default",
    builder: Builder | None = None,
    declare: Declare = declare_nothing,
    addresses: tuple[str, ...] = (),
    blobs: Blobs | None = None,
    resolver: SourceResolver | None = None,
    fetcher: Fetcher | None = None,
) -> States:
    """The states of two trees. `namespace` is what a resource without one gets.

    `builder` renders what cannot be read as it stands. `declare` returns the roots that resources
    declare. `addresses` are the URLs of the repository itself, `blobs` give the text of files.
    `fetcher` fetches remote sources and `resolver` gives their exact versions: both, or neither.
    """
    session = FetchSession(fetcher or NoFetcher())
    trees = Trees(
        base,
        head_tree,
        manifests,
        policy,
        naming=Naming(policy.environments, namespace, policy.render, policy.roots),
        session=session,
        resolver=resolver if fetcher is not None else None,
    )
    rendering = Rendering(builder or NoBuilder(), manifests)
    trees.render(rendering, declare, namespace, blobs)
    readings = Readings.of(trees, policy.rbac.known, addresses, blobs)
    head = trees.comparisons[0]
    before, after = readings.applied(head, namespace)
    both = _placed(readings.base_applied(namespace), after, policy)
    environments = environments_of(both, policy.environments)
    pairs = _Pairs(readings, policy, namespace)
    judged = pairs.of(head, environments)
    return States(
        environments.names,
        judged.pairs,
        tuple(_troubles(trees, (base, head_tree), before, after)),
        _compared(after, judged.pairs),
        trees.files,
        _rendered(readings, namespace),
        _complete(rendering.affected, before, after),
        tuple(sorted(rendering.tools)),
        judged.upgrades,
        dict(_missing(rendering.affected, before, after)),
        trees.declaring,
        session.without_files(),
        trees.fetched,
        pairs.beside(trees.comparisons, both[0], judged),
        judged.unlisted,
        Linking(head.before, head.after, *trees.kustomizations),
        readings.tables(environments, namespace),
        _divided(pairs, head, both, judged),
        environments.unnamed,
    )


def _placed(
    base: ManyApplied, head: ManyApplied, policy: Policy
) -> tuple[PlacedResources, PlacedResources]:
    """Where the roots of base and of head put each resource."""
    places = placed_resources(base, policy.environments)
    return places, placed_resources(head, policy.environments, (base, places))


def _troubles(
    trees: Trees, compared: tuple[Tree, Tree], before: ManyApplied, after: ManyApplied
) -> Iterator[Trouble]:
    """What could not be rendered or read, with remote sources named as the author names them."""
    for trouble in unrendered(before, after):
        yield replace(trouble, message=named(trouble.message, trees.fetched))
    yield from unreleased_charts(before, after)
    over = [after[key] for key in trees.reached.over if key in after]
    yield from not_reached(over, MOST_REACHED)
    yield from unreadable(*trees.links)
    yield from left_out(*map(reserved, compared))
    yield from pointers(_by_text(before), _by_text(after))


def _complete(
    affected: Iterable[RootKey], before: ManyApplied, after: ManyApplied
) -> Mapping[RootKey, bool]:
    """For each affected root, whether it could be rendered on both sides."""
    return {
        key: not any(_is_missing(side.get(key)) for side in (before, after)) for key in affected
    }


@dataclass(frozen=True, slots=True)
class _Judged:
    """The pairs of one comparison: as they are, as upgrades, and with what nothing applies.

    `made_of` are the roots of each environment, by identity, at base and at head.
    """

    environments: Environments
    pairs: tuple[Pair, ...]
    upgrades: tuple[Pair, ...]
    unlisted: tuple[Pair, ...]
    made_of: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Puts the environments of a comparison together."""

    readings: Readings
    policy: Policy
    namespace: str

    def of(
        self,
        comparison: Comparison,
        environments: Environments,
        beside: _Judged | None = None,
        apart_from: _Judged | None = None,
    ) -> _Judged:
        """The environments that differ; with `beside` or `apart_from`, those of other roots only.

        Beside another comparison, the resources of roots that only head has give way to equal ones
        of base's roots: a second copy of an object takes nothing out of the environment.
        """
        judged = beside or apart_from
        pairings: dict[str, Pairing] = {}
        pairs: list[Pair | None] = []
        upgrades: list[Pair | None] = []
        unlisted: list[Pair | None] = []
        made_of: dict[str, object] = {}
        for name in environments.names:
            environment = _environment(name, environments, self.namespace)
            default = environment.default_namespace
            if default not in pairings:
                pairings[default] = self._pairing(comparison, environments, default, beside)
            pairing = pairings[default]
            made_of[name] = pairing.made_of(environment)
            if judged is not None:
                if judged.made_of.get(name) != made_of[name]:
                    pairs.append(pairing.pair(environment))
                continue
            pairs.append(pairing.pair(environment))
            upgrades.append(pairing.upgrade(environment))
            unlisted.append(pairing.unlisted(environment))
        return _Judged(
            environments, _present(pairs), _present(upgrades), _present(unlisted), made_of
        )

    def beside(
        self, comparisons: Iterable[Comparison], base: PlacedResources, judged: _Judged
    ) -> tuple[Pair, ...]:
        """The pairs under base's divisions, beside those already judged.

        Both the usual and the finest division of base count for head's own placements, of which
        head's objects could otherwise take a part away; other placements are judged undivided. What
        only lies at head, and was applied at base, is judged as removed.
        """
        undivided = environments_of((base,), self.policy.environments)
        finest = environments_of((base,), self.policy.environments, finest=True)
        head, *others = comparisons
        under = [(head, undivided)] if undivided != judged.environments else []
        under += [(head, finest)] if finest not in (undivided, judged.environments) else []
        under += [(other, undivided) for other in others]
        judgements = (self.of(each, division, beside=judged) for each, division in under)
        abandoned = (pair.without_abandoned() for pair in judged.pairs if pair.abandoned)
        return (*(pair for judgement in judgements for pair in judgement.pairs), *abandoned)

    def _pairing(
        self,
        comparison: Comparison,
        environments: Environments,
        namespace: str,
        beside: _Judged | None,
    ) -> Pairing:
        before, after = self.readings.sides(comparison, namespace)
        if beside is not None:
            after = replace(after, first=frozenset(after.roots) - frozenset(before.roots))
        return Pairing(environments, self.policy, before, after)


def _divided(
    pairs: _Pairs, head: Comparison, placed: Iterable[PlacedResources], judged: _Judged
) -> tuple[Pair, ...]:
    """The pairs of the finest division that are made of other roots than those already judged."""
    finest = environments_of(placed, pairs.policy.environments, finest=True)
    if finest == judged.environments:
        return ()
    return pairs.of(head, finest, apart_from=judged).pairs


def _present(pairs: Iterable[Pair | None]) -> tuple[Pair, ...]:
    return tuple(pair for pair in pairs if pair is not None)


def _rendered(readings: Readings, namespace: str) -> Mapping[str, RenderedPair]:
    """The rendered roots of all comparisons, by name; head's own placements go first."""
    found: dict[str, RenderedPair] = {}
    for comparison in readings.trees.comparisons:
        sides = readings.applied(comparison, namespace)
        for name, pair in readings.rendered(*sides, namespace).items():
            found.setdefault(name, pair)
    return MappingProxyType(found)


def _missing(
    keys: Iterable[RootKey], before: ManyApplied, after: ManyApplied
) -> Iterator[tuple[str, str]]:
    for key in keys:
        applied = [side[key] for side in (after, before) if key in side]
        reasons = [reason for root in applied for reason in root.reasons]
        if reasons:
            yield applied[0].root.name, reasons[0].message


def _is_missing(applied: Applied | None) -> bool:
    return applied is not None and bool(applied.reasons)


def build_state(
    manifests: Mapping[str, tuple[str, Manifest]], policy: Policy, namespace: str = "default"
) -> State:
    """The state of one environment that holds these manifests (path to blob id and manifest).

    Every one of them is read as it would be applied by itself, as one root.
    """
    tree = {path: File("100644", blob, 0) for path, (blob, _) in manifests.items()}
    content = _Held(dict(manifests.values()))
    files = files_of(tree)
    defined = (body for held in definitions(files, content).values() for body in held)
    reader = RootReader(content, namespace, scopes_of(defined))
    side = TreeReading(reader.applied(roots_of(files, content, Naming())), {})
    state, _ = side.state(Environment(default_namespace=namespace), policy, environments_of(()))
    return state


@dataclass(frozen=True, slots=True)
class _Held:
    """Manifests that somebody has read already."""

    manifests: Mapping[str, Manifest]

    def manifest(self, file: File) -> Manifest:
        return self.manifests[file.blob]

    def kustomization(self, file: File) -> Manifest:
        return self.manifests[file.blob]

    def link(self, file: File) -> str:
        raise KeyError(file.blob)


def _environment(name: str, environments: Environments, namespace: str) -> Environment:
    """An environment as the policy has it; what it leaves at its default is the caller's to say."""
    environment = environments.policy(name)
    if environment is None:
        return Environment(name, default_namespace=namespace)
    default_namespace = environment.default_namespace
    default = (
        namespace if default_namespace == Environment().default_namespace else default_namespace
    )
    return Environment(name, environment.kubernetes, default, environment.openshift)


def _compared(after: ManyApplied, pairs: Iterable[Pair]) -> int:
    """How many resources were compared: those at head, and those that head no longer has."""
    compared = {id(resource) for applied in after.values() for resource in applied.resources}
    for pair in pairs:
        for change in pair.after.since(pair.before):
            if change.after is None:
                compared.add(id(change.before))
    return len(compared)


def _by_text(roots: ManyApplied) -> Mapping[str, Applied]:
    return {"\0".join(key): applied for key, applied in roots.items()}
