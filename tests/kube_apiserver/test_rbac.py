"""RBAC beside a real server: random universes, and the roles that the server itself creates."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from bot.core.resource import Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes.rbac.authority import authority
from bot.kubernetes.rbac.defaults.builtin import builtin_objects, minors
from bot.kubernetes.rbac.rules import CLUSTER, Atom
from bot.kubernetes.rbac.subjects import Subject, account, group, user
from tests.kube_apiserver.server import Server, running_server
from tests.kubernetes.rbac.objects import binding, cluster_role, role, rule

pytestmark = [
    pytest.mark.kube_apiserver,
    pytest.mark.filterwarnings("ignore:Unverified HTTPS request"),
]

UNIVERSES: Final = 500
QUESTIONS: Final = 12
_API: Final = "/apis/rbac.authorization.k8s.io/v1"
_REVIEW: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_VERBS: Final = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
_RESOURCES: Final = (
    *("pods", "pods/exec", "secrets", "configmaps", "serviceaccounts/token"),
    *("deployments", "deployments/scale", "namespaces", "nodes", "nodes/proxy", "widgets"),
)
_CLUSTER_WIDE: Final = frozenset(("namespaces", "nodes", "nodes/proxy"))
_UNNAMED: Final = frozenset(("create", "deletecollection"))
_NAMES: Final = ("api", "db")
_URLS: Final = ("/healthz", "/metrics", "/metrics/slis", "/logs/a", "/own")
# admin, edit and view get their rules from a controller that does not run beside the server alone.
_BUILT_IN: Final = (
    *("cluster-admin", "system:aggregate-to-view", "system:aggregate-to-edit", "system:node"),
    *("system:monitoring", "system:kube-scheduler", "system:controller:job-controller"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks, as the server and as the review name it, and what for; `group` None: a URL."""

    user: str
    groups: tuple[str, ...]
    identities: tuple[Subject, ...]
    namespace: str
    verb: str
    group: str | None
    resource: str
    name: str = ""

    @property
    def spec(self) -> Mapping[str, Any]:
        """The question as a SubjectAccessReview."""
        who = {"user": self.user, "groups": list(self.groups)}
        if self.group is None:
            return {
                **who,
                "nonResourceAttributes": {"path": self.resource, "verb": self.verb},
            }
        main, _, subresource = self.resource.partition("/")
        attributes = {
            "namespace": self.namespace,
            "verb": self.verb,
            "group": self.group,
            "resource": main,
            "subresource": subresource,
            "name": self.name,
        }
        return {**who, "resourceAttributes": attributes}

    @property
    def atom(self) -> Atom:
        """The question as the review asks it; an empty name is a request without one."""
        return Atom(
            self.verb, self.group, self.resource, self.name if self.group is not None else None
        )


@dataclass(frozen=True, slots=True)
class Universe:
    """The namespace, the objects and the questions of one universe, by its number."""

    number: int

    @property
    def space(self) -> str:
        """The universe's own namespace."""
        return f"u{self.number}"

    def objects(self) -> Iterator[Resource]:
        """Roles and bindings, most of them related to each other."""
        draw = random.Random(f"objects {self.number}")  # noqa: S311
        for place in range(2):
            rules = [_rule(draw, urls=True) for _ in range(draw.randint(1, 3))]
            yield cluster_role(f"{self.space}-c{place}", *rules)
        rules = [_rule(draw, urls=False) for _ in range(draw.randint(1, 3))]
        yield role(self.space, "r", *rules)
        for place in range(draw.randint(2, 4)):
            space = draw.choice((self.space, self.space, None))
            roles = [f"ClusterRole/{self.space}-c0", f"ClusterRole/{self.space}-c1"]
            roles += ["Role/r", "Role/gone"] if space else []
            named = f"ClusterRole/{draw.choice(_BUILT_IN)}" if draw.random() < 0.1 else None
            subjects = draw.sample(self._subjects(), draw.randint(1, 2))
            yield binding(space, f"{self.space}-b{place}", named or draw.choice(roles), *subjects)

    def _subjects(self) -> list[str]:
        return [
            f"User {self.space}-jane",
            f"Group {self.space}-team",
            f"ServiceAccount {self.space}/api",
            f"User system:serviceaccount:{self.space}:api",
            f"Group system:serviceaccounts:{self.space}",
        ]

    def questions(self, count: int) -> Iterator[Question]:
        """Questions that a request can ask, most of them of a bound subject and near to a rule."""
        draw = random.Random(f"questions {self.number}")  # noqa: S311
        bodies = [json.loads(found.encoded) for found in self.objects()]
        bindings = [body for body in bodies if "roleRef" in body]
        rules = {body["metadata"]["name"]: body["rules"] for body in bodies if "rules" in body}
        every = [item for listed in rules.values() for item in listed]
        for _ in range(count):
            bound = draw.choice(bindings)
            listed = rules.get(bound["roleRef"]["name"], every)
            near = draw.choice(listed) if draw.random() < 0.95 else _rule(draw, urls=True)
            yield self._question(draw, near, bound)

    def _question(
        self, draw: random.Random, near: Mapping[str, list[str]], bound: Mapping[str, Any]
    ) -> Question:
        who = self._asker(draw.choice(bound["subjects"])["name"])
        verb = _chosen(draw, near["verbs"], _VERBS).lower()
        if "nonResourceURLs" in near:
            pattern = draw.choice(near["nonResourceURLs"])
            url = draw.choice(_URLS) if pattern in ("*", "/x**") else pattern.rstrip("*")
            return Question(*who, "", verb if verb in ("get", "create") else "get", None, url)
        api = _chosen(draw, near["apiGroups"], ("", "apps", "example.com"))
        resource = _chosen(draw, near["resources"], _RESOURCES).lower().replace("/*", "/exec")
        resource = resource.replace("*/", "deployments/")
        named = draw.choice(near.get("resourceNames") or _NAMES)
        name = "" if verb in _UNNAMED or named == "*" else named
        if verb in ("list", "watch") and draw.random() < 0.5:
            name = ""
        if not name and verb not in ("list", "watch", *_UNNAMED):
            name = draw.choice(_NAMES)
        if resource in _CLUSTER_WIDE:
            is_space = (api, resource) == ("", "namespaces") and verb not in (
                "list",
                "watch",
                *_UNNAMED,
            )
            name = self.space if is_space else name
            return Question(*who, name if is_space else "", verb, api, resource, name)
        unscoped = verb in ("list", "watch", "deletecollection")
        spaces = (*[self.space] * 8, "default", *([""] if unscoped else []))
        return Question(*who, draw.choice(spaces), verb, api, resource, name)

    def _asker(self, name: str) -> tuple[str, tuple[str, ...], tuple[Subject, ...]]:
        """The person or the account that a subject of this name stands for."""
        if name in (f"{self.space}-jane", f"{self.space}-team"):
            team, person = f"{self.space}-team", f"{self.space}-jane"
            return person, (team, "system:authenticated"), (user(person), group(team))
        groups = (
            "system:serviceaccounts",
            f"system:serviceaccounts:{self.space}",
            "system:authenticated",
        )
        asker = f"system:serviceaccount:{self.space}:api"
        return asker, groups, (account(self.space, "api"),)


def _rule(draw: random.Random, *, urls: bool) -> dict[str, list[str]]:
    verbs = draw.choice((["*"], draw.sample(_VERBS, draw.randint(1, 4)), draw.sample(_VERBS, 2)))
    if urls and draw.random() < 0.1:
        return rule(verbs, urls=[draw.choice((*_URLS, "/metrics/*", "/met*", "/x**", "*"))])
    if draw.random() < 0.03:
        verbs = ["GET"]
    wild = ("*", "*/scale", "pods/*", "Pods")
    resources = draw.sample((*_RESOURCES, *_RESOURCES, *wild), draw.randint(1, 4))
    groups = draw.choice(([""], ["apps"], ["", "apps"], ["*"], ["example.com"], ["apps/v1"]))
    names = draw.choice(([], [], [], ["api"], [""], ["*"], ["api", ""]))
    return rule(verbs, list(dict.fromkeys(resources)), groups, names)


def _chosen(draw: random.Random, elements: list[str], every: tuple[str, ...]) -> str:
    """One of a rule's elements, or something else."""
    element = draw.choice(elements) if draw.random() < 0.95 else draw.choice(every)
    return draw.choice(every) if element == "*" else element


def test_random_universes_are_answered_as_the_server_answers(tmp_path: Path) -> None:
    universes = [Universe(number) for number in range(UNIVERSES)]
    objects = [found for universe in universes for found in universe.objects()]
    questions = [question for universe in universes for question in universe.questions(QUESTIONS)]
    with running_server(tmp_path) as server:
        for universe in universes:
            _create(server, "/api/v1/namespaces", {"metadata": {"name": universe.space}})
        for found in objects:
            _create(server, _collection(found.key), json.loads(found.encoded))
        _settled(server)
        answers = [_answer(server, question) for question in questions]

    held = authority(State(tuple(objects)))
    said = [
        any(
            found.covers(question.atom)
            for identity in question.identities
            for found in held.allowed(identity, question.namespace or CLUSTER)
        )
        for question in questions
    ]
    wrong = [
        (question.spec, answer)
        for question, answer, own in zip(questions, answers, said, strict=True)
        if answer != own
    ]
    print(json.dumps({"questions": len(questions), "allowed": sum(answers)}))  # noqa: T201
    assert wrong == []
    assert sum(answers) >= 0.4 * len(questions)


def test_the_server_creates_the_built_in_objects_that_are_known(tmp_path: Path) -> None:
    """admin, edit and view are compared without rules, which a controller fills in."""
    with running_server(tmp_path) as server:
        kinds = ("clusterroles", "clusterrolebindings", "roles", "rolebindings")
        live = {
            _identity(body, kind): _content(body)
            for kind in kinds
            for body in server.session.get(f"{server.address}{_API}/{kind}", timeout=60).json()[
                "items"
            ]
        }

    known = {
        (key.kind, key.namespace or "", key.name): _content(json.loads(found.encoded))
        for key, found in builtin_objects(minors()[-1]).items()
    }
    assert live == known


def _identity(body: Mapping[str, Any], plural: str) -> tuple[str, str, str]:
    kinds = {
        "clusterroles": "ClusterRole",
        "clusterrolebindings": "ClusterRoleBinding",
        "roles": "Role",
        "rolebindings": "RoleBinding",
    }
    metadata = body["metadata"]
    return kinds[plural], metadata.get("namespace", ""), metadata["name"]


def _content(body: Mapping[str, Any]) -> tuple[object, ...]:
    """What of an object decides on authorization, in one order."""
    fields = ("aggregationRule", "roleRef")
    lists = (_sorted(body.get(name) or ()) for name in ("rules", "subjects"))
    return (*(body.get(name) for name in fields), *lists)


def _sorted(entries: Iterable[Any]) -> list[str]:
    return sorted(json.dumps(entry, sort_keys=True) for entry in entries)


def _collection(key: ResourceKey) -> str:
    plural = f"{key.kind.lower()}s"
    return f"{_API}/namespaces/{key.namespace}/{plural}" if key.namespace else f"{_API}/{plural}"


def _create(server: Server, path: str, body: Mapping[str, Any]) -> None:
    answer = server.session.post(f"{server.address}{path}", json=body, timeout=60)
    assert answer.status_code == 201, answer.text


def _settled(server: Server) -> None:
    """Wait until the authorizer has seen the last of several objects, which it watches."""
    _create(
        server,
        f"{_API}/clusterroles",
        json.loads(cluster_role("last", rule(["get"], ["last"])).encoded),
    )
    last = binding(None, "last", "ClusterRole/last", "User last")
    _create(server, f"{_API}/clusterrolebindings", json.loads(last.encoded))
    question = Question("last", (), (), "", "get", "", "last", "a")
    deadline = time.monotonic() + 60
    while not _answer(server, question):
        assert time.monotonic() < deadline, "the authorizer does not see its objects"
        time.sleep(0.1)
    time.sleep(1)


def _answer(server: Server, question: Question) -> bool:
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    answer = server.post(_REVIEW, {**body, "spec": question.spec})
    return bool(answer["status"]["allowed"])
