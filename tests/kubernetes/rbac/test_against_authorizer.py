"""The reasoning agrees with an authorizer that is asked about every single request.

The authorizer below is written from the API server's rules alone and shares nothing with the
product: https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/rbac/v1/evaluation_helpers.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, reduce
from itertools import product
from operator import or_

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.resource import Resource
from bot.kubernetes.rbac.gains import Gain, compare
from bot.kubernetes.rbac.rules import Atom, RbacRule
from tests.kubernetes.rbac.objects import binding, cluster_role, role, rule, state

Json = dict[str, list[str]]


@dataclass(frozen=True)
class Request:
    """A request as the authorizer sees it; `namespace` empty: none, `url`: no resource."""

    verb: str
    group: str = ""
    resource: str = ""
    name: str = ""
    namespace: str = ""
    url: str = ""


NAMESPACES = ("n1", "n2")
UNNAMED = ("create", "list", "deletecollection")
# Every dimension has an element that no rule names, for each of them is an open set.
VERBS = ("get", "list", "create", "deletecollection", "fresh")
GROUPS = ("", "apps", "rbac.authorization.k8s.io", "fresh.io")
RESOURCES = (
    *("pods", "pods/exec", "pods/fresh", "secrets", "deployments", "deployments/scale"),
    *("nodes", "namespaces", "clusterroles", "fresh", "fresh/scale", "fresh/fresh"),
)
IN_NO_NAMESPACE = {
    ("", "nodes"),
    ("", "namespaces"),
    ("rbac.authorization.k8s.io", "clusterroles"),
}
NAMES = ("a", "n1", "n2", "fresh")
URLS = ("/own", "/metrics", "/metrics/a", "/metfresh", "/afresh", "/fresh")


def _requests() -> Iterator[Request]:
    for verb, group, held in product(VERBS, GROUPS, RESOURCES):
        names = [""] if verb in UNNAMED else []
        names += [] if verb == "deletecollection" else NAMES
        for name in names:
            if (group, held) not in IN_NO_NAMESPACE:
                yield from (Request(verb, group, held, name, space) for space in ("", *NAMESPACES))
            elif held == "namespaces" and verb not in UNNAMED:
                # The namespace of a request for a Namespace object is the object's own name; a
                # list with a field selector on its name has none.
                yield Request(verb, group, held, name, name)
            else:
                yield Request(verb, group, held, name)
    # Who may bind a cluster role in a namespace is asked about in that namespace.
    for name, space in product(NAMES, ("", *NAMESPACES)):
        yield Request("bind", "rbac.authorization.k8s.io", "clusterroles", name, space)
    for verb, url in product(VERBS, URLS):
        yield Request(verb, url=url)


REQUESTS = tuple(_requests())


def _bits(holds: Callable[[Request], bool]) -> int:
    """The requests for which this holds, as a set: bit n is request n."""
    return sum(1 << place for place, request in enumerate(REQUESTS) if holds(request))


@cache
def _verb(element: str) -> int:
    return _bits(lambda request: element in ("*", request.verb))


@cache
def _group(element: str) -> int:
    return _bits(lambda request: not request.url and element in ("*", request.group))


@cache
def _resource(element: str) -> int:
    def matches(request: Request) -> bool:
        subresource = request.resource.partition("/")[2]
        return element in ("*", request.resource) or bool(
            subresource and element == f"*/{subresource}"
        )

    return _bits(lambda request: not request.url and matches(request))


@cache
def _name(element: str) -> int:
    return _bits(lambda request: request.name == element)


@cache
def _url(element: str) -> int:
    def matches(url: str) -> bool:
        starts = element.endswith("*") and url.startswith(element.rstrip("*"))
        return element in ("*", url) or starts

    return _bits(lambda request: bool(request.url) and matches(request.url))


def _any(kind: Callable[[str], int], elements: Iterable[str]) -> int:
    return reduce(or_, map(kind, elements), 0)


@cache
def _within(space: str) -> int:
    return _bits(lambda request: request.namespace == space)


def allows(held: Json) -> int:
    """The requests that a rule allows."""
    verbs = _any(_verb, held["verbs"])
    if "nonResourceURLs" in held:
        return verbs & _any(_url, held["nonResourceURLs"])
    names = _any(_name, held["resourceNames"]) if held.get("resourceNames") else -1
    return verbs & _any(_group, held["apiGroups"]) & _any(_resource, held["resources"]) & names


class Authorizer:
    """Looks through all bindings, as the API server does."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.roles: dict[tuple[str, str, str], list[Json]] = {}
        self.bindings: list[tuple[str, tuple[str, str], tuple[str, ...]]] = []
        for found in resources:
            space, body = found.namespace or "", msgspec.json.decode(found.encoded)
            if found.key.kind in {"Role", "ClusterRole"}:
                self.roles[found.key.kind, space, found.name] = body["rules"]
                continue
            names = tuple(_principal(subject) for subject in body["subjects"])
            reference = body["roleRef"]
            self.bindings.append((space, (reference["kind"], reference["name"]), names))

    def allowed(self, who: Iterable[str]) -> int:
        """Every request that somebody may make who goes by all of these names."""
        names, found = set(who), 0
        for space, (kind, name), subjects in self.bindings:
            if names & {*subjects}:
                held = self.roles.get((kind, space if kind == "Role" else "", name), [])
                allowed = reduce(or_, map(allows, held), 0)
                found |= allowed & (_within(space) if space else -1)
        return found


def _principal(subject: dict[str, str]) -> str:
    if subject["kind"] == "ServiceAccount":
        return f"User system:serviceaccount:{subject['namespace']}:{subject['name']}"
    return f"{subject['kind']} {subject['name']}"


WHO = {
    "ServiceAccount n1/a": (
        "User system:serviceaccount:n1:a",
        "Group system:serviceaccounts",
        "Group system:serviceaccounts:n1",
        "Group system:authenticated",
    ),
    "User u": ("User u", "Group system:authenticated"),
    "Group g": ("Group g", "Group system:authenticated"),
    "Group system:serviceaccounts:n1": (
        "Group system:serviceaccounts:n1",
        "Group system:serviceaccounts",
        "Group system:authenticated",
    ),
    "Group system:authenticated": ("Group system:authenticated",),
    "User system:anonymous": ("User system:anonymous", "Group system:unauthenticated"),
}
SUBJECTS = (
    *WHO,
    "User system:serviceaccount:n1:a",
    "Group system:serviceaccounts",
    "Group system:unauthenticated",
)


def _some(*held: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(held), min_size=1, max_size=3, unique=True)


RULES = st.one_of(
    st.builds(
        rule,
        _some("get", "list", "create", "deletecollection", "*", "GET"),
        _some(
            *("pods", "pods/exec", "pods/*", "secrets", "deployments", "deployments/scale"),
            *("*/scale", "*", "nodes", "namespaces", "clusterroles", "Pods"),
        ),
        _some("", "apps", "*", "rbac.authorization.k8s.io", "apps/v1"),
        st.one_of(
            st.just([]),
            st.lists(st.sampled_from(["a", "n1", "", "*"]), max_size=2, unique=True),
        ),
    ),
    st.builds(
        rule,
        _some("get", "list", "*"),
        urls=_some("/own", "/metrics", "/metrics/*", "/met*", "*", "/a**"),
    ),
)
PLAIN = RULES.filter(lambda held: "nonResourceURLs" not in held)
ROLES = st.one_of(
    st.builds(
        lambda name, rules: cluster_role(name, *rules),
        st.sampled_from(["r", "s"]),
        st.lists(RULES, max_size=3),
    ),
    st.builds(
        lambda space, name, rules: role(space, name, *rules),
        st.sampled_from(NAMESPACES),
        st.sampled_from(["r", "s"]),
        st.lists(PLAIN, max_size=3),
    ),
)
BINDINGS = st.one_of(
    st.builds(
        lambda name, held, subjects: binding(None, name, held, *subjects),
        st.sampled_from(["p", "q"]),
        st.sampled_from(["ClusterRole/r", "ClusterRole/s"]),
        st.lists(st.sampled_from(SUBJECTS), max_size=2),
    ),
    st.builds(
        lambda space, name, held, subjects: binding(space, name, held, *subjects),
        st.sampled_from(NAMESPACES),
        st.sampled_from(["p", "q"]),
        st.sampled_from(["ClusterRole/r", "ClusterRole/s", "Role/r", "Role/s"]),
        st.lists(st.sampled_from(SUBJECTS), max_size=2),
    ),
)
TREES = st.lists(st.one_of(ROLES, BINDINGS), max_size=6, unique_by=lambda held: held.key)


def _typed(held: Json) -> RbacRule:
    return RbacRule(
        tuple(held["verbs"]),
        tuple(held.get("apiGroups", [])),
        tuple(held.get("resources", [])),
        tuple(held.get("resourceNames", [])),
        tuple(held.get("nonResourceURLs", [])),
    )


def _atoms(held: Json) -> Iterator[Atom]:
    """What a rule breaks into."""
    for verb in held["verbs"]:
        for url in held.get("nonResourceURLs", []):
            yield Atom(verb, None, url)
        for group, resource in product(held.get("apiGroups", []), held.get("resources", [])):
            names: list[str | None] = [*held.get("resourceNames", [])] or [None]
            yield from (Atom(verb, group, resource, name) for name in names)


def _atom(atom: Atom) -> int:
    """The requests that an atom stands for."""
    if atom.group is None:
        return _verb(atom.verb) & _url(atom.resource)
    names = -1 if atom.name is None else _name(atom.name)
    return _verb(atom.verb) & _group(atom.group) & _resource(atom.resource) & names


def _nameless(atom: Atom) -> bool:
    """What upstream's `Covers` does not know: the verbs of requests that never have a name.

    Of this world, three verbs together are all those of requests without a name.
    """
    return (atom.verb, atom.name) in {("deletecollection", None), ("*", "")}


def _gain(gain: Gain) -> Iterator[tuple[Atom, int]]:
    """The atoms of a gain, each with the requests that it stands for where it holds."""
    for atom in gain.box.atoms():
        yield atom, _atom(atom) & (-1 if gain.scope == "*" else _within(gain.scope))


# An example of the first is five cases (servants), one of the second six (subjects).
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(RULES, max_size=4), st.lists(RULES, min_size=5, max_size=5))
def test_what_one_rule_covers_is_what_all_rules_allow(
    owners: list[Json], servants: list[Json]
) -> None:
    """A rule covers an atom just when the rules together allow all that the atom stands for."""
    together = reduce(or_, map(allows, owners), 0)
    rules = [_typed(owner) for owner in owners]
    for atom in (atom for servant in servants for atom in _atoms(servant)):
        beyond = _atom(atom) & ~together
        covered = any(rule.covers(atom) for rule in rules)
        assert not (covered and beyond)
        assert covered or beyond or _nameless(atom) or not _atom(atom)


@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES, TREES)
def test_the_gains_are_what_the_authorizer_newly_allows(
    base: list[Resource], head: list[Resource]
) -> None:
    """Every request that becomes possible is in a gain, and every gain makes one possible."""
    gains = compare(state(*base), state(*head)).gained
    before, after = Authorizer(base), Authorizer(head)
    for subject, names in WHO.items():
        new = after.allowed(names) & ~before.allowed(names)
        own = [held for gain in gains if str(gain.subject) == subject for held in _gain(gain)]
        groups = [held for gain in gains if str(gain.subject) in names for held in _gain(gain)]

        assert [atom for atom, held in own if not held & new and not _nameless(atom)] == []
        assert new & ~reduce(or_, (held for _, held in (*own, *groups)), 0) == 0
