"""Sequences of changes whose sum blocks: what is split into steps that look harmless one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, permutations, product
from random import Random
from typing import Final

from tests.analysis.law import binding, role
from tests.analysis.law_cases import ADDITIONS, CHANGES, LAYOUTS, OBJECTS, Objects, Texts

_PRUNES: Final = (
    ("prune: true", "prune: false"),
    ("automated: {prune: true}", "automated: {}"),
    ("syncPolicy: {automated: {prune: true}}", "syncPolicy: {syncOptions: [CreateNamespace=true]}"),
    ("{prune: true}", "{prune: true}, syncOptions: [Prune=confirm]"),
)
"""What prunes, and how an author would rather have it."""

Step = Callable[[Objects], Objects]


@dataclass(frozen=True, slots=True)
class Sequence:
    """The trees of a repository, from base to what is merged last."""

    name: str
    trees: tuple[Texts, ...]

    def steps(self) -> Iterator[tuple[Texts, Texts]]:
        """Each change: what was merged before it, and what it leaves."""
        return pairwise(self.trees)


def _adds(name: str, text: str) -> Step:
    return lambda objects: {**objects, name: text}


AGGREGATED: Final = (
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: late}\n"
    "aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: late}}]}\n"
)
SOURCE: Final = role("source").replace("{name: source}", "{name: source, labels: {to: late}}")
ACCOUNT: Final = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: bot, namespace: shop}\n"
WEAK: Final = role("late").replace('verbs: ["*"]', "verbs: [get]")

SPLITS: Final[Mapping[str, tuple[Step, ...]]] = {
    "binding, weak role, strong role": (
        _adds("evil.yaml", binding(role="late")),
        _adds("late.yaml", WEAK),
        _adds("late.yaml", role("late")),
    ),
    "aggregated role, its binding, its source": (
        _adds("late.yaml", AGGREGATED),
        _adds("evil.yaml", binding(role="late")),
        _adds("source.yaml", SOURCE),
    ),
    "role, account, binding": (
        _adds("late.yaml", role("late")),
        _adds("account.yaml", ACCOUNT),
        _adds("evil.yaml", binding(role="late")),
    ),
    "binding of a weak role, its source, its label": (
        _adds("late.yaml", AGGREGATED),
        lambda objects: {
            **objects,
            "evil.yaml": binding(role="late"),
            "source.yaml": SOURCE.replace("{to: late}", "{to: nobody}"),
        },
        _adds("source.yaml", SOURCE),
    ),
}


def split_sequences() -> Iterator[Sequence]:
    """What splits into three steps, in every order and in every layout."""
    for layout, (name, steps) in product(LAYOUTS, SPLITS.items()):
        for number, order in enumerate(permutations(steps)):
            objects: list[Objects] = [OBJECTS]
            for step in order:
                objects.append(step(objects[-1]))
            trees = tuple(dict(layout.wrap(state)) for state in objects)
            yield Sequence(f"{layout.name}: {name} ({number})", trees)


def decoy_sequences(count: int, seed: int) -> Iterator[Sequence]:
    """Two additions that are merged first, then a change that blocks by itself."""
    chosen = Random(seed)  # noqa: S311 - the same in every run
    for _ in range(count):
        layout = chosen.choice(LAYOUTS)
        first, second = chosen.sample(sorted(ADDITIONS), 2)
        change = chosen.choice(sorted(CHANGES))
        base, head = layout.wrap(OBJECTS), layout.wrap(CHANGES[change](OBJECTS))
        one = ADDITIONS[first](layout)
        both = {**one, **ADDITIONS[second](layout)}
        name = f"{layout.name}: {first}, {second}, {change}"
        trees = ({**base}, {**base, **one}, {**base, **both}, {**head, **both})
        yield Sequence(name, trees)


def unlisted_sequences() -> Iterator[Sequence]:
    """A binding that nothing applies yet, something harmless, and the entry that applies it."""
    layouts = [layout for layout in LAYOUTS if "listed" in layout.name or layout.name == "overlaid"]
    for layout, addition in product(layouts, sorted(ADDITIONS)):
        base, head = layout.wrap(OBJECTS), layout.wrap({**OBJECTS, "evil.yaml": binding()})
        (path,) = {*head} - {*base}
        beside = {**base, path: binding()}
        more = ADDITIONS[addition](layout)
        name = f"{layout.name}: unlisted, {addition}, listed"
        trees = (dict(base), beside, {**beside, **more}, {**head, **more})
        yield Sequence(name, trees)


def switched_sequences() -> Iterator[Sequence]:
    """A chart whose template is switched off, another file, and the value that switches it on."""
    layouts = [layout for layout in LAYOUTS if "chart" in layout.name]
    for layout, addition in product(layouts, sorted(ADDITIONS)):
        base = dict(layout.wrap(OBJECTS))
        hidden = {
            "charts/app/templates/evil.yaml": f"{{{{ if .Values.on }}}}\n{binding()}{{{{ end }}}}\n"
        }
        more = ADDITIONS[addition](layout)
        switched = {"charts/app/values.yaml": base["charts/app/values.yaml"] + "on: true\n"}
        trees = (
            base,
            {**base, **hidden},
            {**base, **hidden, **more},
            {**base, **hidden, **more, **switched},
        )
        yield Sequence(f"{layout.name}: switched off, {addition}, switched on", trees)


def retained_sequences() -> Iterator[Sequence]:
    """An owner that no longer prunes, its directory without the claim, the owner as before."""
    for layout, (prunes, retains) in product(LAYOUTS, _PRUNES):
        base = dict(layout.wrap(OBJECTS))
        retained = {path: text.replace(prunes, retains) for path, text in base.items()}
        if retained == base:
            continue
        owners = {path: text for path, text in retained.items() if base[path] != text}
        head = dict(layout.wrap(CHANGES["claim removed"](OBJECTS)))
        trees = (base, retained, {**head, **owners}, head)
        yield Sequence(f"{layout.name}: {retains}, claim removed, {prunes}", trees)
