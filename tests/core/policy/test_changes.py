"""Which settings a change of a policy changes, and what each means for the gate."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import get_type_hints

import pytest

from bot.core.policy.changes import setting_changes
from bot.core.policy.document import KeyPath
from bot.core.policy.meanings import SETTINGS
from bot.core.policy.model import Policy
from bot.core.policy.schema import written
from bot.core.policy.setting_kinds import LONGEST_VALUE, Effect
from bot.errors import PolicyError

LOOSER, OTHER, STRICTER = Effect

WAIVER = 'waivers: [{rule: "rbac-*", reason: r, expires: 2027-01-31}]'
SECURITY = "approvals: [{rules: [rbac-*], teams: [example/security]}]"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "mode: observe", ("mode", "enforce", "observe", LOOSER)),
        ("mode: observe", "", ("mode", "observe", "enforce", STRICTER)),
        ("block: warning", "block: never", ("block", "warning", "never", LOOSER)),
        ("", "block: notice", ("block", "error", "notice", STRICTER)),
        ("", "incomplete: allow", ("incomplete", "block", "allow", LOOSER)),
        ("unlisted: error", "", ("unlisted", "error", "notice", LOOSER)),
        ("new-rules: enforce", "", ("new-rules", "enforce", "observe", LOOSER)),
        ("", "inline: never", ("inline", "warning", "never", OTHER)),
        ("", "rules: {pvc-shrink: off}", ("rules.pvc-shrink", "", "off", LOOSER)),
        ("rules: {pvc-shrink: off}", "", ("rules.pvc-shrink", "off", "", STRICTER)),
        (
            "rules: {pvc-shrink: error}",
            "rules: {pvc-shrink: {severity: notice}}",
            ("rules.pvc-shrink", "error", "notice", LOOSER),
        ),
        (
            "",
            "rules: {pvc-shrink: {mode: observe}}",
            ("rules.pvc-shrink.mode", "", "observe", LOOSER),
        ),
        (
            "rules: {secret-in-env: {allowed: [A]}}",
            "rules: {secret-in-env: {allowed: [A, B]}}",
            ("rules.secret-in-env.allowed", "A", "A, B", OTHER),
        ),
        (
            "rules: {pvc-shrink: {strict: false}}",
            "rules: {pvc-shrink: {}}",
            ("rules.pvc-shrink.strict", "false", "", OTHER),
        ),
        ("", "ignore: [charts/**]", ("ignore", "", "charts/**", LOOSER)),
        ("ignore: [charts/**]", "", ("ignore", "charts/**", "", STRICTER)),
        (
            "",
            "privileged-namespaces: [kube-system]",
            ("privileged-namespaces", "argocd, flux-system", "", LOOSER),
        ),
        ("", "trusted-sources: [10.0.0.0/8]", ("trusted-sources", "", "10.0.0.0/8", LOOSER)),
        (
            "images: {approved: [ghcr.io/a]}",
            "images: {approved: [ghcr.io/a, docker.io]}",
            ("images.approved", "", "docker.io", LOOSER),
        ),
        (
            "images: {require-digest: true}",
            "images: {}",
            ("images.require-digest", "true", "false", LOOSER),
        ),
        (
            "",
            "images: {mirrors: {docker.io: r.example.com}}",
            ("images.mirrors", "", "docker.io: r.example.com", OTHER),
        ),
        ("", "rbac: {known: [a.yaml]}", ("rbac.known", "", "a.yaml", LOOSER)),
        ("", "assume: {default-deny: ['*']}", ("assume.default-deny", "", "*", LOOSER)),
        ("", "render: {exclude: [apps/a]}", ("render.exclude", "", "apps/a", LOOSER)),
        ("", "render: {roots: [apps/a]}", ("render.roots", "", "apps/a", STRICTER)),
        ("", "roots: [clusters/*]", ("roots", "", "clusters/*", OTHER)),
        ("", "promotes: [staging, production]", ("promotes", "", "staging, production", LOOSER)),
        (
            "promotes: [staging, production]",
            "promotes: [production, staging]",
            ("promotes", "staging, production", "production, staging", LOOSER),
        ),
        ("", "override: {users: [me]}", ("override.users", "", "me", LOOSER)),
        ("override: {teams: [a/b]}", "", ("override.teams", "a/b", "", STRICTER)),
        ("", "override: {hours: 48}", ("override.hours", "24", "48", LOOSER)),
        ("", "escalation: {users: [me]}", ("escalation.users", "", "me", LOOSER)),
        ("", "locked: [block]", ("locked", "", "block", STRICTER)),
        ("locked: [block]", "", ("locked", "block", "", LOOSER)),
        ("", WAIVER, ("waivers", "", "rule: rbac-*; reason: r; expires: 2027-01-31", LOOSER)),
        (WAIVER, "", ("waivers", "rule: rbac-*; reason: r; expires: 2027-01-31", "", STRICTER)),
        (
            "owners: [{namespaces: [a], teams: [x/y]}]",
            "owners: [{namespaces: [a], teams: [x/y, x/z]}]",
            ("owners", "namespaces: a; teams: x/y", "namespaces: a; teams: x/y, x/z", LOOSER),
        ),
        (
            "",
            "notify: [{rules: ['*'], teams: [x/y]}]",
            ("notify", "", "rules: *; teams: x/y", OTHER),
        ),
        (
            "",
            "environments: [{name: eu, paths: [eu/**]}]",
            ("environments", "", "name: eu; paths: eu/**", OTHER),
        ),
    ],
)
def test_a_setting_is_named_with_both_values_and_its_effect(
    before: str, after: str, expected: tuple[str, str, str, Effect]
) -> None:
    (change,) = setting_changes(f"version: 1\n{before}\n", f"version: 1\n{after}\n")

    assert (change.setting, change.before, change.after, change.effect) == expected
    assert change.meaning


@pytest.mark.parametrize(
    ("entry", "meaning", "effect"),
    [
        ("teams: [example/security, example/all]", "other people may accept", LOOSER),
        ("users: [octocat]", "other people may accept", LOOSER),
        ("count: 2", "the owners decide, as the entry names nobody", LOOSER),
        ("teams: [example/security], count: 1", "fewer people have to accept", LOOSER),
        ("teams: [example/security], count: 2, by-review: true", "an approving review", LOOSER),
        ("teams: [example/security], count: 3", "fewer people may accept", STRICTER),
    ],
)
def test_who_may_accept_is_compared_by_what_it_lets_through(
    entry: str, meaning: str, effect: Effect
) -> None:
    before = "approvals: [{rules: [rbac-*], teams: [example/security], count: 2}]"
    (change,) = setting_changes(before, f"approvals: [{{rules: [rbac-*], {entry}}}]")

    assert change.meaning.startswith(meaning)
    assert (change.setting, change.effect) == ("approvals", effect)


def test_an_entry_that_newly_comes_first_decides() -> None:
    other = "{rules: ['*'], users: [octocat]}"
    strict = "{rules: [rbac-*], teams: [example/security]}"
    (change,) = setting_changes(
        f"approvals: [{strict}, {other}]", f"approvals: [{other}, {strict}]"
    )

    assert (change.setting, change.effect) == ("approvals, their order", LOOSER)
    assert (change.before, change.after) == ("[rbac-*], [*]", "[*], [rbac-*]")


def test_an_entry_that_goes_leaves_the_decision_to_others() -> None:
    (change,) = setting_changes(SECURITY, "version: 1")

    assert (change.before, change.after) == ("rules: rbac-*; teams: example/security", "")
    assert change.effect == LOOSER


@pytest.mark.parametrize(
    ("expires", "reason", "effect"),
    [("2028-01-31", "r", LOOSER), ("2026-12-31", "r", STRICTER), ("2027-01-31", "s", OTHER)],
)
def test_a_waiver_is_compared_by_its_last_day(expires: str, reason: str, effect: Effect) -> None:
    after = f'waivers: [{{rule: "rbac-*", reason: {reason}, expires: {expires}}}]'
    (change,) = setting_changes(WAIVER, after)

    assert (change.setting, change.effect) == ("waivers", effect)


def test_a_second_waiver_of_the_same_findings_is_one_more() -> None:
    both = WAIVER[:-1] + ', {rule: "rbac-*", reason: s, expires: 2029-01-31}]'
    (change,) = setting_changes(WAIVER, both)

    assert (change.before, change.effect) == ("", LOOSER)


def test_what_lets_more_through_comes_first_and_the_widest_before_all() -> None:
    before = "images: {require-digest: true}\nroots: [a]\n"
    after = "inline: error\nblock: warning\nmode: observe\nroots: [a, b]\nwaivers: []\n"
    changes = setting_changes(before, after)

    assert [(change.setting, change.effect) for change in changes] == [
        ("mode", LOOSER),
        ("images.require-digest", LOOSER),
        ("roots", OTHER),
        ("inline", OTHER),
        ("block", STRICTER),
    ]


def test_a_branch_s_settings_are_compared_with_what_held_for_it() -> None:
    before = "block: warning\n"
    after = 'block: warning\nbranches: [{names: ["release/*", main], block: never}]\n'
    (change,) = setting_changes(before, after)

    assert (change.setting, change.before, change.after) == (
        "branches[release/*, main].block",
        "warning",
        "never",
    )


def test_a_setting_of_the_file_is_not_repeated_for_each_branch() -> None:
    entry = 'branches: [{names: ["release/*"], mode: observe}]\n'
    (change,) = setting_changes(f"block: error\n{entry}", f"block: never\n{entry}")

    assert change.setting == "block"


def test_another_order_of_branches_is_named() -> None:
    one, two = "{names: [a], mode: observe}", "{names: ['*'], block: never}"
    (change,) = setting_changes(f"branches: [{one}, {two}]", f"branches: [{two}, {one}]")

    assert (change.setting, change.before, change.after) == (
        "branches, their order",
        "a, *",
        "*, a",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: 1\nblock: error\n", "# why\nblock: error\nversion: 1\n"),
        ("", "version: 1\nblock: error\nmode: enforce\noverride: {hours: 24}\n"),
        ("ignore: [a, b]\n", "ignore: [b, a]\n"),
    ],
)
def test_the_same_settings_written_otherwise_are_no_change(before: str, after: str) -> None:
    assert setting_changes(before, after) == ()


def test_a_policy_at_base_that_is_not_valid_set_nothing() -> None:
    (change,) = setting_changes("blok: never\n", "mode: observe\n")

    assert (change.setting, change.before) == ("mode", "enforce")


def test_a_policy_at_head_that_is_not_valid_is_an_error() -> None:
    with pytest.raises(PolicyError, match="line 1: unknown key 'blok'"):
        setting_changes("", "blok: never\n")


def test_a_long_value_is_cut() -> None:
    (change,) = setting_changes("", f"ignore: [{'a' * 1000}]\n")

    assert len(change.after) == LONGEST_VALUE + 1


def test_every_setting_of_a_policy_has_a_meaning_and_nothing_else_has() -> None:
    assert {path for path in SETTINGS if path != ("locked",)} == {
        path for path in _settings(Policy) if path != ("version",)
    }


def _settings(model: type) -> set[KeyPath]:
    """The key paths of a policy's settings: those inside where a setting is one mapping."""
    types = get_type_hints(model)
    paths: set[KeyPath] = set()
    for field in fields(model):
        kind = types[field.name]
        inner = _settings(kind) if is_dataclass(kind) and isinstance(kind, type) else {()}
        paths |= {(written(field.name), *path) for path in inner}
    return paths
