"""What GitOps controllers may newly do, beyond what the rule's page shows."""

from __future__ import annotations

import pytest

from bot.kubernetes.authority.argo_policy import policy_lines, wider
from bot.kubernetes.authority.gitops import authority_widened
from bot.kubernetes.authority.pattern_lists import matches, matches_path
from tests.states import world

_OBJECT = "{apiVersion: %s, kind: %s, metadata: {name: %s, namespace: a}, %s: %%s}"
PROJECT = _OBJECT % ("argoproj.io/v1alpha1", "AppProject", "p", "spec")
APPLICATION = _OBJECT % ("argoproj.io/v1alpha1", "Application", "p", "spec")
SET = _OBJECT % ("argoproj.io/v1alpha1", "ApplicationSet", "p", "spec")
CONFIG = _OBJECT % ("v1", "ConfigMap", "argocd-rbac-cm", "data")
RELEASE = _OBJECT % ("helm.toolkit.fluxcd.io/v2", "HelmRelease", "r", "spec")


def said(template: str, before: str | None, after: str | None) -> list[tuple[str, str]]:
    """Side and message of each finding of a change of one object."""
    states = (world(template % text) if text is not None else world() for text in (before, after))
    return [(found.side, found.message) for found in authority_widened(*states)]


@pytest.mark.parametrize(
    ("template", "before", "after", "found"),
    [
        (
            PROJECT,
            "{sourceRepos: ['*', '!https://x/y']}",
            "{sourceRepos: ['*']}",
            ("LEFT", "AppProject a/p no longer refuses the source https://x/y"),
        ),
        (
            PROJECT,
            "{destinations: [{name: here, namespace: a}]}",
            "{destinations: [{name: here, namespace: a}, {name: there}]}",
            ("RIGHT", "AppProject a/p now deploys into namespace (none) of there"),
        ),
        (
            PROJECT,
            "{namespaceResourceWhitelist: [{group: '', kind: Pod}]}",
            "{namespaceResourceWhitelist: [{group: '', kind: Pod}, {group: apps, kind: '*'}]}",
            ("RIGHT", "AppProject a/p now allows apps/* in namespaces"),
        ),
        (
            PROJECT,
            "{clusterResourceBlacklist: [{group: '', kind: Node}]}",
            "{clusterResourceBlacklist: []}",
            ("LEFT", "AppProject a/p no longer refuses Node"),
        ),
        (
            PROJECT,
            "{roles: []}",
            "{roles: [{name: ci, groups: [g]}]}",
            ("RIGHT", "AppProject a/p now gives role ci to group g"),
        ),
        (
            SET,
            "{template: {spec: {project: a}}}",
            "{template: {spec: {}}}",
            ("LEFT", "ApplicationSet a/p moves from project a to default"),
        ),
        (
            APPLICATION,
            "{destination: {server: here}}",
            "{destination: {server: there}}",
            ("RIGHT", "Application a/p now deploys to another server: there instead of here"),
        ),
        (
            CONFIG,
            "{policy.csv: 'p, r, apps, get, */*, allow'}",
            "{policy.csv: 'p, r, apps, get, */*, allow', policy.more.csv: 'g, me, role:admin'}",
            ("RIGHT", "Argo CD's policy now allows g, me, role:admin"),
        ),
        (
            RELEASE,
            "{serviceAccountName: a}",
            "{serviceAccountName: b}",
            ("RIGHT", "HelmRelease a/r is now applied as b instead of a"),
        ),
        (
            RELEASE,
            "{kubeConfig: {secretRef: {name: x}}}",
            "{}",
            ("LEFT", "HelmRelease a/r is now applied to the controller's cluster"),
        ),
    ],
)
def test_what_a_controller_may_newly_do(
    template: str, before: str, after: str, found: tuple[str, str]
) -> None:
    assert said(template, before, after) == [found]


@pytest.mark.parametrize(
    ("template", "before", "after"),
    [
        (PROJECT, "{sourceRepos: [a]}", None),
        (PROJECT, "{sourceRepos: ['!x']}", "{sourceRepos: []}"),
        (PROJECT, "{roles: [{name: ci, groups: [g]}]}", "{roles: [{name: ci}]}"),
        (PROJECT, "{}", "{roles: [{name: ci, policies: ['p, a, b, c, d, deny', 'x', 1]}]}"),
        (APPLICATION, "{source: {path: a}}", "{source: {path: b}}"),
        (APPLICATION, None, "{project: default}"),
        (CONFIG.replace("argocd-rbac-cm", "other"), "{}", "{policy.csv: 'g, me, role:admin'}"),
        (CONFIG, "{policy.default: 'role:readonly'}", "{policy.default: ''}"),
        (CONFIG, "{scopes: a}", "{scopes: b}"),
        (RELEASE, None, "{}"),
        (RELEASE, "{}", "{serviceAccountName: a}"),
    ],
)
def test_what_is_no_more_is_silent(template: str, before: str | None, after: str | None) -> None:
    assert said(template, before, after) == []


def test_the_key_of_a_finding_outlives_its_wording() -> None:
    states = (world(PROJECT % f"{{sourceRepos: {sources}}}") for sources in ("['!a', b]", "[b]"))

    (finding,) = authority_widened(*states)

    assert finding.message == "AppProject a/p no longer refuses the source a"
    assert finding.key == "AppProject a/p now no longer refuses the source a"


def test_lines_of_a_policy_are_csv() -> None:
    text = 'p, role:a, applications, get, "x, y", allow\n# comment\n\ng,me,role:a\nq, other\n'

    assert policy_lines(text) == (
        ("p", "role:a", "applications", "get", "x, y", "allow"),
        ("g", "me", "role:a"),
    )


def test_a_text_that_is_no_csv_has_no_lines() -> None:
    assert policy_lines('p, "' + "x" * 200_000) == ()


@pytest.mark.parametrize(
    ("base", "head", "found"),
    [
        ("p, a, apps, *, *, allow", "p, a, apps, get, x/y, allow", ()),
        (
            "p, a, apps, get, *, allow",
            "p, b, apps, get, *, allow",
            ("allows p, b, apps, get, *, allow",),
        ),
        ("p, a, apps, get, *, deny", "", ("no longer has p, a, apps, get, *, deny",)),
        ("p, a, apps, get, *, deny", "p, a, apps, get, *, allow", 2),
        ("", "p, a, apps, get, *, deny", ()),
        ("g, a, r", "g, a, s", ("allows g, a, s",)),
        ("g, a, r", "g, a, r", ()),
        ("p, short", "p, short", ("allows p, short",)),
    ],
)
def test_which_lines_are_wider(base: str, head: str, found: tuple[str, ...] | int) -> None:
    words = wider(policy_lines(base), policy_lines(head))

    assert (len(words) if isinstance(found, int) else words) == found


@pytest.mark.parametrize(
    ("pattern", "text", "covered"),
    [
        ("*", "anything", True),
        ("team-*", "team-a", True),
        ("team-*", "team-*", True),
        ("team-a", "team-*", False),
        ("a?", "ab", False),
        ("a?", "a?", True),
    ],
)
def test_a_pattern_covers_what_it_allows_alone(pattern: str, text: str, *, covered: bool) -> None:
    assert matches(pattern, text) is covered


@pytest.mark.parametrize(
    ("pattern", "text", "covered"),
    [
        ("*", "https://x/y", True),
        ("https://x/*", "https://x/y", True),
        ("https://x/*", "https://x/y/z", False),
        ("https://x/**", "https://x/y/z", True),
        ("https://*/y", "https://x/y", True),
    ],
)
def test_a_star_stands_for_one_part_of_a_path(pattern: str, text: str, *, covered: bool) -> None:
    assert matches_path(pattern, text) is covered
