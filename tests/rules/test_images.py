"""The rules about images, beyond their pages."""

# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

from typing import Literal

import pytest

from bot.analysis.examine import examine
from bot.catalog import load_rules
from bot.core.engine.review import ImageChange, ResourceReference, Suggestion
from bot.core.finding import Severity
from bot.core.policy.model import Images, Policy
from bot.core.state import changes
from bot.kubernetes.images.changes import image_changes
from rules.image_not_approved import Options as ShortNames
from rules.image_tag_mutable import Options
from tests.rules.judging import findings
from tests.states import world

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"


def pod(*images: str, name: str = "web") -> str:
    held = ", ".join(f"{{name: c{n}, image: '{image}'}}" for n, image in enumerate(images))
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\n"
        f"spec: {{containers: [{held}]}}\n---\n"
    )


APPROVED = Policy(images=Images(approved=("ghcr.io/example", "nginx:1.27")))


@pytest.mark.parametrize(
    ("base", "head", "messages"),
    [
        ("", pod("ghcr.io/example/a"), []),
        ("", pod("nginx:1.27"), []),
        ("", pod("evil.io/x"), ["Pod shop/web runs evil.io/x in c0, which is not approved; the nearest approved is ghcr.io/example"]),
        (pod("evil.io/x:1"), pod("evil.io/x:2"), []),
        (pod("evil.io/x:1"), pod("evil.io/y:1"), ["Pod shop/web runs evil.io/y:1 in c0, which is not approved; the nearest approved is ghcr.io/example"]),
        (pod("nginx:1.27"), pod("nginx:1.28"), ["Pod shop/web runs nginx:1.28 in c0, which is not approved; the nearest approved is docker.io/library/nginx:1.27"]),
        ("", pod("ghcr.io/Example/a"), ["Pod shop/web runs ghcr.io/Example/a in c0, which is no valid image reference"]),
        ("", pod("ghсr.io/example/a"), ["Pod shop/web runs 'gh\\u0441r.io/example/a' in c0, which is no valid image reference"]),  # noqa: RUF001 - a look-alike
        ("", pod("${IMAGE}"), ["Pod shop/web runs ${IMAGE} in c0, which cannot be judged before it runs"]),
        ("", pod("$(params.image)"), ["Pod shop/web runs $(params.image) in c0, which cannot be judged before it runs"]),
        (pod("a b"), pod("a b"), []),
        (pod("ghcr.io/example/a"), "", []),
    ],
)  # fmt: skip
def test_with_a_list_only_what_it_holds_is_approved(
    base: str, head: str, messages: list[str]
) -> None:
    found = findings("image-not-approved", base, head, APPROVED)

    assert [held.message for held in found] == messages
    assert {held.severity for held in found} <= {Severity.ERROR}


@pytest.mark.parametrize(
    ("base", "head", "severities"),
    [
        ("", pod("evil.io/x"), []),
        (pod("ghcr.io/example/a", name="old"), pod("ghcr.io/example/b"), []),
        (pod("ghcr.io/example/a", name="old"), pod("ghcr.io/examples/b"), ["warning"]),
        (pod("nginx", name="old"), pod("docker.io/library/redis"), []),
        (pod("nginx", name="old"), pod("bitnami/redis"), ["warning"]),
        (pod("nginx", name="old"), pod("bitnami/redis", "bitnami/kafka", "evil/x"), ["warning", "notice", "warning"]),
        (pod("nginx", name="old"), pod("not valid"), ["warning"]),
        (pod("nginx", name="old"), pod("${IMAGE}"), ["notice"]),
        (pod("ghcr.io/example/a"), pod("GHCR.io/example/a:2"), []),
    ],
)  # fmt: skip
def test_without_a_list_base_is_the_measure(base: str, head: str, severities: list[str]) -> None:
    found = findings("image-not-approved", base, head)

    assert [str(held.severity) for held in found] == severities


@pytest.mark.parametrize(
    ("short_names", "image", "count"),
    [("allow", "nginx:1.27", 0), ("report", "nginx:1.27", 1), ("report", "ghcr.io/example/a", 0)],
)
def test_a_short_name_can_be_reported(
    short_names: Literal["allow", "report"], image: str, count: int
) -> None:
    options = ShortNames(short_names=short_names)

    assert len(findings("image-not-approved", "", pod(image), APPROVED, options)) == count


def test_images_that_move_together_are_one_finding() -> None:
    base = pod("old.io/a/x:1", "old.io/a/y:1", "old.io/a/z:1") + pod("old.io/a/x:1", name="other")
    head = pod("new.io/b/x:1", "new.io/b/y:2", "new.io/b/q:1") + pod("new.io/b/x:1", name="other")
    first, second = findings("image-not-approved", base, head)

    assert (first.message, first.severity, len(first.related)) == (
        "Pod shop/other runs new.io/b/x:1 in c0, and nothing in this environment is from new.io/b yet (2 more images move with it)",
        Severity.WARNING,
        2,
    )
    assert (second.message, second.severity) == (
        "Pod shop/web runs new.io/b/q:1 in c2, and nothing in this environment is from new.io/b yet",
        Severity.NOTICE,
    )


def test_a_new_environment_has_nothing_to_be_compared_with() -> None:
    rules = [rule for rule in load_rules() if rule.id == "image-not-approved"]
    base = {f"clusters/{name}/web.yaml": pod("nginx") for name in "ab"}
    base["shared/log.yaml"] = pod("nginx", name="log")
    head = {
        **base,
        "clusters/b/web.yaml": pod("evil.io/x"),
        "clusters/c/web.yaml": pod("evil.io/x", "a b"),
    }
    sides = [{path: text.encode() for path, text in side.items()} for side in (base, head)]
    found = examine(sides[0], sides[1], Policy(), rules).findings

    assert [(held.environments, held.severity) for held in found] == [
        (("clusters/b",), Severity.WARNING)
    ]


def test_a_directory_with_the_name_of_an_environment_hides_nothing() -> None:
    rules = [rule for rule in load_rules() if rule.id == "image-not-approved"]
    base = {"apps/a.yaml": pod("nginx").encode()}
    head = {**base, "default/b.yaml": pod("evil.io/x", name="evil").encode()}

    assert len(examine(base, head, Policy(), rules).findings) == 1


def test_facts_are_the_normal_form() -> None:
    valid, invalid = findings(
        "image-not-approved", "", pod(f"evil.io/x/y:1@{DIGEST}", "a b"), APPROVED
    )

    assert valid.facts == {
        "image": f"evil.io/x/y:1@{DIGEST}",
        "container": "c0",
        "normalized": {"domain": "evil.io", "path": "x/y", "tag": "1", "digest": DIGEST},
    }
    assert invalid.facts == {"image": "a b", "container": "c1", "invalid": True}


def test_a_guessed_position_is_marked_and_one_step_lower() -> None:
    gadget = (
        "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\nspec: {image: evil.io/x}\n"
    )
    (found,) = findings("image-not-approved", "", gadget, APPROVED)

    assert found.severity == Severity.WARNING
    assert found.message.endswith("(in a field that is taken for an image)")


def test_what_a_resource_ran_before_is_known_to_it() -> None:
    gadget = "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\nspec: {image: a.io/x:1}\n---\n"
    base = gadget + pod("nginx")

    assert findings("image-not-approved", base, base.replace("x:1", "x:2")) == []


def test_not_every_image_of_a_flood_is_compared_with_the_list() -> None:
    flood = pod(*(f"evil.io/x{number}" for number in range(201)))
    found = findings("image-not-approved", "", flood, APPROVED)

    assert [held.message for held in found if "nearest" not in held.message] == [
        "Pod shop/web runs evil.io/x200 in c200, which is not approved"
    ]


def test_an_approved_mirror_is_suggested_in_the_line() -> None:
    head = pod("nginx:1.27").replace("'nginx:1.27'", '"nginx:1.27"')
    policy = Policy(
        images=Images(
            approved=("registry.acme.io",), mirrors={"docker.io/library": "registry.acme.io/hub"}
        )
    )
    rules = [rule for rule in load_rules() if rule.id == "image-not-approved"]
    (found,) = examine({}, {"a.yaml": head.encode()}, policy, rules).findings

    assert found.suggestion == Suggestion(
        4, 4, 'spec: {containers: [{name: c0, image: "registry.acme.io/hub/nginx:1.27"}]}'
    )


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        ("", pod("nginx"), ["warning"]),
        ("", pod("nginx:latest"), ["warning"]),
        ("", pod("nginx:main"), ["warning"]),
        ("", pod("nginx:1"), []),
        ("", pod(f"nginx:latest@{DIGEST}"), []),
        ("", pod("not valid"), []),
        (pod("nginx:latest"), pod("nginx"), []),
        (pod("nginx:1"), pod("nginx"), ["warning"]),
        (pod("redis"), pod("nginx"), ["warning"]),
        (pod(f"nginx:1@{DIGEST}"), pod(f"nginx:2@{DIGEST}"), ["warning"]),
        (pod(f"nginx:1@{DIGEST}"), pod(f"nginx@{DIGEST}"), ["warning"]),
        (pod(f"nginx:1@{DIGEST}"), pod(f"nginx:1@sha256:{HEX[::-1]}"), ["notice"]),
        (pod(f"nginx:1@{DIGEST}"), pod(f"nginx:2@sha256:{HEX[::-1]}"), []),
    ],
)
def test_a_tag_that_moves_and_a_digest_that_does_not_go_with_it(
    base: str, head: str, expected: list[str]
) -> None:
    options = Options(mutable_tags=("latest", "main"))
    found = findings("image-tag-mutable", base, head, options=options)

    assert [str(held.severity) for held in found] == expected


@pytest.mark.parametrize(("version", "count"), [("", 0), (", tag: latest", 1), (", tag: v2", 0)])
def test_an_operator_has_a_default_for_the_tag(version: str, count: int) -> None:
    text = f"apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {{name: x}}\nspec: {{baseImage: r.io/prom{version}}}\n"

    assert len(findings("image-tag-mutable", "", text)) == count


def test_image_changes_name_each_container_once() -> None:
    base = pod("a:1", "b:1") + pod("c:1", name="gone")
    head = pod("a:2", "b:1", "d:1") + pod("e:1", name="new")
    found = [
        image for change in changes(world(base), world(head)) for image in image_changes(change)
    ]

    assert found == [
        ImageChange(ResourceReference("", "Pod", "shop", name), container, old, new)
        for name, container, old, new in (
            ("gone", "c0", "c:1", None),
            ("new", "c0", None, "e:1"),
            ("web", "c0", "a:1", "a:2"),
            ("web", "c2", None, "d:1"),
        )
    ]


def test_containers_of_one_name_are_told_apart() -> None:
    text = "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: {steps: [{image: a}, {image: %s}]}\n"
    (change,) = changes(world(text % "b"), world(text % "c"))

    assert [(held.old, held.new) for held in image_changes(change)] == [("b", "c")]


SKAFFOLD = """apiVersion: skaffold/v4beta11
kind: Config
build:
  artifacts:
    - image: cart
    - {image: 7}
---
"""


@pytest.mark.parametrize(("image", "count"), [("cart", 0), ("cart:1", 1), ("basket", 1)])
def test_what_skaffold_builds_is_no_image_yet(image: str, count: int) -> None:
    policy = Policy(images=Images(approved=("ghcr.io",)))

    assert len(findings("image-not-approved", "", SKAFFOLD + pod(image), policy)) == count
