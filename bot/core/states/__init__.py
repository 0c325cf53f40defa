"""Trees into states: roots, environments, and what is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bot.core.fetching import Fetcher, FetchResult, NoFetcher, SourceReference
from bot.core.manifest import Manifest
from bot.core.policy.model import Policy
from bot.core.rendering import Builder, Declare, NoBuilder, declare_nothing
from bot.core.resource import Resource
from bot.core.scopes import scopes_of
from bot.core.state import Environment, State
from bot.core.states.environments import Environments, environments_of
from bot.core.states.pairing import Pair, Pairing, TreeReading
from bot.core.states.placements.applied import Applied, RootReader, definitions
from bot.core.states.placements.rendered_pairs import RenderedPair
from bot.core.states.problems import Trouble, left_out, pointers, unreadable, unrendered
from bot.core.states.rendered.rendering import Rendering
from bot.core.states.roots.charts import Naming
from bot.core.states.roots.fetched_files import (
    NOTHING,
    FetchedFiles,
    FetchSession,
    SourceResolver,
    named,
    reserved,
)
from bot.core.states.roots.files import files_of
from bot.core.states.roots.root import Manifests, RootKey, roots_of
from bot.core.states.trees import ManyApplied, Trees
from bot.core.tree import Blobs, File, Tree

__all__ = ["Manifests", "Pair", "RenderedPair", "States", "Trouble", "build_state", "states_of"]


@dataclass(frozen=True, slots=True)
class States:
    """What two trees hold: the environments that differ, and what could not be looked at.

    `environments` names them all; those without a pair are the same on both sides. `resources`
    counts what was compared, each resource once, however many environments it belongs to.
    `rendered` are the roots that a renderer made resources of, by name; `asked` are those that need
    one and are affected by the change, each with whether it was rendered; `tools` are the programs
    that answered. `upgrades` are environments once more, as those that have their charts already,
    where templates make a difference of that. `missing` says of each root that was not rendered, by
    name, why. `declaring` are the resources of base and of head in which declarations were looked
    for. `brought` is what came of each reference that was asked for, without its files, `grafts`
    what base and head have of these.
    """

    environments: tuple[str, ...]
    pairs: tuple[Pair, ...]
    troubles: tuple[Trouble, ...]
    resources: int
    rendered: Mapping[str, RenderedPair] = field(default_factory=lambda: MappingProxyType({}))
    asked: Mapping[RootKey, bool] = field(default_factory=lambda: MappingProxyType({}))
    tools: tuple[str, ...] = ()
    upgrades: tuple[Pair, ...] = ()
    missing: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    declaring: tuple[tuple[Resource, ...], tuple[Resource, ...]] = ((), ())
    brought: Mapping[SourceReference, FetchResult] = field(
        default_factory=lambda: MappingProxyType({})
    )
    grafts: tuple[FetchedFiles, FetchedFiles] = (NOTHING, NOTHING)


def states_of(  # noqa: PLR0913 - what is compared, and by name how
    base: Tree,
    head: Tree,
    manifests: Manifests,
    policy: Policy,
    *,
    namespace: str = "default",
    builder: Builder | None = None,
    declare: Declare = declare_nothing,
    own: tuple[str, ...] = (),
    blobs: Blobs | None = None,
    elsewhere: SourceResolver | None = None,
    fetcher: Fetcher | None = None,
) -> States:
    """The states of two trees. `namespace` is what a resource without one gets.

    `builder` renders what cannot be read as it stands; without one it is not rendered. `declare`
    says which roots the resources of a tree declare, `own` by which addresses they name their own
    repository. `blobs` give the text of templates, which without them are not looked at. `fetcher`
    brings what lies elsewhere, of which `elsewhere` says what addresses mean; without both nothing
    is brought.
    """
    bringing = FetchSession(fetcher or NoFetcher())
    naming = Naming(policy.environments, namespace, policy.render)
    known = elsewhere if fetcher is not None else None
    trees = Trees(base, head, manifests, policy, naming=naming, bringing=bringing, elsewhere=known)
    rendering = Rendering(builder or NoBuilder(), manifests)
    trees.render(rendering, declare, namespace)
    before, after = trees.applied(namespace)
    environments = environments_of((before.values(), after.values()), policy.environments)
    pairings: dict[str, Pairing] = {}
    pairs, upgrades = [], []
    for name in environments.names:
        environment = _environment(name, environments, namespace)
        default = environment.default_namespace
        if default not in pairings:
            pairings[default] = Pairing(environments, policy, *trees.sides(default, own, blobs))
        pairs.append(pairings[default].pair(environment))
        upgrades.append(pairings[default].upgrade(environment))
    troubles = (
        *(
            replace(held, message=named(held.message, trees.grafts))
            for held in unrendered(before, after)
        ),
        *unreadable(*trees.links),
        *left_out(reserved(base), reserved(head)),
        *pointers(_by_text(before), _by_text(after)),
    )
    found = tuple(pair for pair in pairs if pair is not None)
    return States(
        environments.names,
        found,
        troubles,
        _compared(after, found),
        trees.rendered(before, after, namespace),
        {
            key: not any(_is_missing(side.get(key)) for side in (before, after))
            for key in rendering.asked
        },
        tuple(sorted(rendering.tools)),
        tuple(pair for pair in upgrades if pair is not None),
        dict(_missing(rendering.asked, before, after)),
        trees.declaring,
        {held: replace(found, files={}) for held, found in bringing.answers.items()},
        trees.grafts,
    )


def _missing(
    asked: Iterable[RootKey], before: ManyApplied, after: ManyApplied
) -> Iterator[tuple[str, str]]:
    for key in asked:
        held = [side[key] for side in (after, before) if key in side]
        reasons = [reason for root in held for reason in root.reasons]
        if reasons:
            yield held[0].root.name, reasons[0].message


def _is_missing(held: Applied | None) -> bool:
    return held is not None and bool(held.reasons)


def build_state(
    manifests: Mapping[str, tuple[str, Manifest]], policy: Policy, namespace: str = "default"
) -> State:
    """The state of one environment that holds these manifests (path to blob id and manifest).

    Every one of them is read as it would be applied by itself, as one root.
    """
    tree = {path: File("100644", blob, 0) for path, (blob, _) in manifests.items()}
    held = _Held(dict(manifests.values()))
    files = files_of(tree)
    reader = RootReader(held, namespace, scopes_of(definitions(files, held)))
    side = TreeReading(reader.applied(roots_of(files, held, Naming())), {})
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
    said = environments.policy(name)
    if said is None:
        return Environment(name, default_namespace=namespace)
    own = said.default_namespace
    default = namespace if own == Environment().default_namespace else own
    return Environment(name, said.kubernetes, default)


def _compared(after: ManyApplied, pairs: Iterable[Pair]) -> int:
    """How many resources were compared: those at head, and those that head no longer has."""
    compared = {id(found) for held in after.values() for found in held.resources}
    for pair in pairs:
        for change in pair.after.since(pair.before):
            if change.after is None:
                compared.add(id(change.before))
    return len(compared)


def _by_text(roots: ManyApplied) -> Mapping[str, Applied]:
    return {"\0".join(key): held for key, held in roots.items()}
