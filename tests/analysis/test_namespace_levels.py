"""Pod Security levels that Argo CD gives a namespace over those of its manifest."""

from __future__ import annotations

import pytest

from tests.analysis.law import Repository, application, application_set, config, found, review

ENFORCE = "pod-security.kubernetes.io/enforce"


def labelling(level: str, options: str = "CreateNamespace=true") -> str:
    """The sync policy of an Application that labels its namespace."""
    labels = f"managedNamespaceMetadata: {{labels: {{{ENFORCE}: {level}}}}}"
    return f"automated: {{prune: true}}, syncOptions: [{options}], {labels}"


def namespace(level: str) -> str:
    """The namespace that every Application goes to."""
    labels = f"labels: {{{ENFORCE}: {level}}}"
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, {labels}}}\n"


def messages(base: dict[str, str], head: dict[str, str]) -> list[str]:
    """What the rule says of a change."""
    return [one.message for one in found(review(Repository(base, head)), "guardrail-weakened")]


OVER = "Application argocd/web gives its namespace a lower Pod Security level than the namespace's own manifest"  # noqa: E501


@pytest.mark.parametrize(
    ("sync", "own", "expected"),
    [
        (labelling("privileged"), "restricted", [OVER]),
        (labelling("baseline"), "restricted", [OVER]),
        (labelling("restricted"), "restricted", []),
        (labelling("restricted"), "baseline", []),
        (labelling("privileged", "PruneLast=true"), "restricted", []),
    ],
)
@pytest.mark.parametrize("is_new", [True, False])
def test_an_application_may_not_lower_the_level_of_anothers_namespace(
    sync: str, own: str, expected: list[str], *, is_new: bool
) -> None:
    base = {
        "argo/base.yaml": application("base", "base"),
        "base/a.yaml": namespace(own),
        "web/a.yaml": config(),
    }
    before = base if is_new else {**base, "argo/web.yaml": application("web", "web")}

    after = {**base, "argo/web.yaml": application("web", "web", sync=sync)}

    assert messages(before, after) == expected


def test_the_manifest_of_the_same_application_wins() -> None:
    base = {"argo/web.yaml": application("web", "web"), "web/a.yaml": namespace("restricted")}

    head = {**base, "argo/web.yaml": application("web", "web", sync=labelling("privileged"))}

    assert messages(base, head) == []


@pytest.mark.parametrize(("level", "is_lower"), [("privileged", True), ("restricted", False)])
def test_an_application_set_lowers_the_level_of_its_namespace(
    level: str, *, is_lower: bool
) -> None:
    base = {
        "argo/web.yaml": application_set("web", sync=labelling("restricted")),
        "web/a.yaml": config(),
    }

    head = {**base, "argo/web.yaml": application_set("web", sync=labelling(level))}

    lowered = f"ApplicationSet argocd/fake lowers its Pod Security level from restricted to {level}"
    assert messages(base, head) == [lowered] * is_lower


@pytest.mark.parametrize("is_new", [True, False])
def test_only_a_namespace_of_base_has_a_level_to_lower(*, is_new: bool) -> None:
    base = {"argo/base.yaml": application("base", "base"), "base/cm.yaml": config()}
    manifest = {"base/a.yaml": namespace("restricted")}
    labels = {
        "argo/web.yaml": application("web", "web", sync=labelling("privileged")),
        "web/a.yaml": config("web"),
    }

    before = base if is_new else {**base, **manifest}

    assert messages(before, {**base, **manifest, **labels}) == [OVER] * (not is_new)


def test_a_new_manifest_below_the_level_that_an_application_gives_is_quiet() -> None:
    base = {
        "argo/base.yaml": application("base", "base"),
        "base/cm.yaml": config(),
        "argo/web.yaml": application("web", "web", sync=labelling("privileged")),
        "web/a.yaml": config("web"),
    }

    assert messages(base, {**base, "base/a.yaml": namespace("restricted")}) == []
