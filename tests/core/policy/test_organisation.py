"""The organisation's policy under a repository's, and what it locks."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import pytest
from jsonschema import Draft202012Validator

from bot.catalog import rule_options
from bot.core.finding import Severity
from bot.core.policy.model import (
    ApprovalPolicy,
    EnvironmentPolicy,
    Images,
    NamespaceOwner,
    Policy,
    RulePolicy,
    Threshold,
    Waiver,
)
from bot.core.policy.organisation import (
    combined,
    each_branch,
    organisation_schema,
    parse_organisation,
)
from bot.core.policy.schema import written
from bot.errors import PolicyError

OPTIONS = rule_options()


def policy(organisation: str, repository: str, branch: str | None = None) -> Policy:
    return combined(parse_organisation(organisation, OPTIONS), repository, OPTIONS, branch)


def test_what_the_repository_does_not_say_is_the_organisation_s() -> None:
    held = policy("version: 1\nmode: observe\nblock: warning\n", "block: notice\n")

    assert held == Policy(mode="observe", block=Threshold.NOTICE)


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_file_says_nothing(text: str) -> None:
    assert policy(text, text) == Policy()


def test_rules_and_images_are_laid_upon_each_other_entry_by_entry() -> None:
    held = policy(
        "rules: {pods-not-spread: off, resources-missing: error}\nimages: {require-digest: true}\n",
        "rules: {pods-not-spread: warning}\nimages: {approved: [ghcr.io/x]}\n",
    )

    assert dict(held.rules) == {
        "pods-not-spread": RulePolicy(Severity.WARNING),
        "resources-missing": RulePolicy(Severity.ERROR),
    }
    assert held.images == Images(("ghcr.io/x",), require_digest=True)


def test_the_repository_s_entries_stand_before_the_organisation_s() -> None:
    entry = "{{rules: ['rbac-*'], teams: [example/{}]}}"
    held = policy(
        f"approvals: [{entry.format('org')}]\n"
        "owners: [{namespaces: [kube-system], teams: [example/org]}]\n"
        "waivers: [{rule: 'rbac-*', reason: o, expires: 2027-01-01}]\n"
        "environments: [{name: a, paths: [o/**]}, {name: b, paths: [b/**]}]\n",
        f"approvals: [{entry.format('own')}]\n"
        "owners: [{namespaces: [shop], teams: [example/shop]}]\n"
        "waivers: [{rule: 'image-*', reason: r, expires: 2027-01-01}]\n"
        "environments: [{name: a, paths: [r/**]}]\n",
    )

    assert held.approvals == tuple(
        ApprovalPolicy(("rbac-*",), teams=(f"example/{name}",)) for name in ("own", "org")
    )
    assert held.owners == (
        NamespaceOwner(("shop",), ("example/shop",)),
        NamespaceOwner(("kube-system",), ("example/org",)),
    )
    assert held.waivers == (
        Waiver("r", date(2027, 1, 1), rule="image-*"),
        Waiver("o", date(2027, 1, 1), rule="rbac-*"),
    )
    assert held.environments == (
        EnvironmentPolicy("a", ("r/**",)),
        EnvironmentPolicy("b", ("b/**",)),
    )


def test_locked_approvals_are_asked_first() -> None:
    held = policy(
        "locked: [approvals]\napprovals: [{rules: ['*'], teams: [example/org]}]\n",
        "approvals: [{rules: ['*'], users: [me]}]\n",
    )

    assert held.approvals[0].teams == ("example/org",)


LOOSENING = [
    ("mode", "", "mode: observe", "mode"),
    ("new-rules", "new-rules: enforce", "new-rules: observe", "new-rules"),
    ("block", "block: warning", "block: error", "block"),
    ("block", "", "block: never", "block"),
    ("inline", "", "inline: error", "inline"),
    ("incomplete", "incomplete: block", "incomplete: allow", "incomplete"),
    ("unlisted", "unlisted: error", "unlisted: notice", "unlisted"),
    ("ignore", "ignore: [a/**]", "ignore: [a/**, b/**]", "ignore"),
    ("trusted-sources", "", "trusted-sources: [10.0.0.0/8]", "trusted-sources"),
    (
        "trusted-sources",
        "trusted-sources: [a]",
        "rules: {connectivity-widened: {trusted-sources: [a, b]}}",
        "rules.connectivity-widened.trusted-sources",
    ),
    ("rules", "", "rules: {pods-not-spread: off}", "rules.pods-not-spread"),
    (
        "rules.rbac-invalid",
        "rules: {rbac-invalid: warning}",
        "rules: {rbac-invalid: notice}",
        "rules.rbac-invalid",
    ),
    ("rules", "", "rules: {rbac-invalid: warning}", "rules.rbac-invalid"),
    (
        "rules",
        "rules: {image-tag-mutable: {severity: error, mutable-tags: [edge]}}",
        "rules: {image-tag-mutable: {severity: error}}",
        "rules.image-tag-mutable",
    ),
    (
        "rules",
        "rules: {image-tag-mutable: {severity: error, mutable-tags: [edge]}}",
        "rules: {image-tag-mutable: error}",
        "rules.image-tag-mutable",
    ),
    (
        "rules",
        "rules: {image-tag-mutable: {severity: error, mutable-tags: [edge]}}",
        "rules: {image-tag-mutable: {mutable-tags: [edge]}}",
        "rules.image-tag-mutable",
    ),
    ("rules", "", "rules: {image-tag-mutable: {mutable-tags: []}}", "rules.image-tag-mutable"),
    ("images", "images: {approved: [a.io]}", "images: {approved: [b.io]}", "images.approved"),
    ("images", "images: {approved: [a.example]}", "images: {approved: []}", "images.approved"),
    ("images", "", "images: {approved: [b.example]}", "images.approved"),
    (
        "images",
        "images: {require-digest: true}",
        "images: {require-digest: false}",
        "images.require-digest",
    ),
    ("images", "", "images: {mirrors: {a.example: b.example}}", "images.mirrors"),
    ("owners", "", "owners: [{namespaces: ['*'], teams: [example/me]}]", "owners"),
    ("waivers", "", "waivers: [{rule: '*', reason: r, expires: 2027-01-01}]", "waivers"),
    ("environments", "", "environments: [{name: a, paths: [a]}]", "environments"),
    ("promotes", "promotes: [a, b]", "promotes: [b, a]", "promotes"),
    ("override", "override: {teams: [a/a]}", "override: {teams: [a/b]}", "override.teams"),
    (
        "escalation",
        "escalation: {teams: [a/a]}",
        "escalation: {teams: [a/b]}",
        "escalation.teams",
    ),
    ("override", "override: {users: [a]}", "override: {users: [a, b]}", "override.users"),
    ("override", "override: {hours: 2}", "override: {hours: 3}", "override.hours"),
    ("assume", "", "assume: {default-deny: [shop]}", "assume.default-deny"),
    ("rbac", "", "rbac: {known: [x.yaml]}", "rbac.known"),
    ("render", "", "render: {exclude: [charts/*]}", "render"),
    ("unlisted", "unlisted: error", "unlisted: warning", "unlisted"),
    ("roots", "roots: [clusters]", "roots: [clusters, zzz]", "roots"),
    ("branches", "", "branches: [{names: [main], block: notice}]", "branches"),
]  # fmt: skip


@pytest.mark.parametrize(("locked", "under", "over", "key"), LOOSENING)
def test_what_is_locked_cannot_be_loosened_and_the_error_names_the_key(
    locked: str, under: str, over: str, key: str
) -> None:
    with pytest.raises(PolicyError, match=rf"line 2: {key} is locked by the organisation's") as no:
        policy(f"locked: [{locked}]\n{under}\n", f"version: 1\n{over}\n")

    assert str(no.value).count("\n") == 0
    policy(f"{under}\n", f"version: 1\n{over}\n")  # what is not locked is free


@pytest.mark.parametrize(
    ("locked", "under", "over", "key"), [held for held in LOOSENING if held[0] != "branches"]
)
def test_what_is_locked_cannot_be_loosened_for_a_branch(
    locked: str, under: str, over: str, key: str
) -> None:
    text = f"version: 1\nbranches:\n- names: [release]\n  {over}\n"

    for branch in (None, "main", "release"):
        with pytest.raises(PolicyError) as no:
            policy(f"locked: [{locked}]\n{under}\n", text, branch)

        said = f"line 4: branches[0].{key} is locked by the organisation's policy: "
        assert str(no.value).startswith(said)
        assert str(no.value).count("\n") == 0


def test_every_key_that_can_be_loosened_is_tried() -> None:
    tried = {locked.partition(".")[0] for locked, *_ in LOOSENING}
    # What a repository writes of these stands beside or behind what the organisation says.
    added = {"approvals", "notify", "privileged-namespaces"}

    assert tried | added == {written(field.name) for field in fields(Policy)} - {"version"} | {
        "branches"
    }


def test_a_lock_holds_on_a_branch_that_no_file_names_literally() -> None:
    organisation = (
        "locked: [block]\nblock: error\nbranches: [{names: ['release-*'], block: warning}]\n"
    )
    repository = "branches: [{names: ['*-lts'], block: error}]\n"

    assert policy(organisation, repository, "dev-lts").block is Threshold.ERROR
    with pytest.raises(PolicyError, match=r"line 1: branches\[0\].block is locked"):
        policy(organisation, repository, "release-1-lts")


def test_the_organisation_may_loosen_a_branch_that_it_locks() -> None:
    organisation = "locked: [block]\nbranches: [{names: [dev], block: never}]\n"
    repository = "branches: [{names: [dev], block: never}]\n"

    assert policy(organisation, repository, "dev").block is Threshold.NEVER
    assert policy(organisation, "", "dev").block is Threshold.NEVER
    assert policy(organisation, repository, "main").block is Threshold.ERROR
    with pytest.raises(PolicyError, match="block is locked"):
        policy(organisation, "branches: [{names: [dev, main], block: never}]\n", "main")


def test_a_repository_s_word_for_a_branch_stands_upon_the_organisation_s() -> None:
    held = policy(
        "inline: never\nbranches: [{names: [main], inline: error, block: notice}]\n",
        "mode: observe\nbranches: [{names: [main], inline: warning}]\n",
        "main",
    )

    assert held == Policy(mode="observe", block=Threshold.NOTICE, inline=Threshold.WARNING)


def test_each_branch_that_is_named_has_its_policy() -> None:
    organisation = parse_organisation("branches: [{names: [main], block: notice}]\n", OPTIONS)
    held = each_branch(organisation, "branches: [{names: ['r-*'], block: warning}]\n", OPTIONS)

    assert held == {
        None: Policy(),
        "main": Policy(block=Threshold.NOTICE),
        "r-*": Policy(block=Threshold.WARNING),
    }


def test_locked_approvals_are_asked_first_on_every_branch() -> None:
    held = policy(
        "locked: [approvals]\napprovals: [{rules: ['*'], teams: [example/org]}]\n",
        "branches: [{names: [main], approvals: [{rules: ['*'], users: [me]}]}]\n",
        "main",
    )

    assert [entry.teams or entry.users for entry in held.approvals] == [("example/org",), ("me",)]


def test_locked_privileged_namespaces_are_at_least_the_default() -> None:
    held = policy("locked: [privileged-namespaces]\n", "privileged-namespaces: [mine]\n")

    assert held.privileged_namespaces == ("mine", *Policy().privileged_namespaces)


@pytest.mark.parametrize(
    ("locked", "under", "over"),
    [
        ("mode", "mode: observe", "mode: enforce"),
        ("mode", "mode: observe", "mode: observe"),
        ("block", "block: error", "block: notice"),
        ("incomplete", "incomplete: allow", "incomplete: block"),
        ("ignore", "ignore: [a/**, b/**]", "ignore: [a/**]"),
        ("rules", "rules: {rbac-invalid: warning}", "rules: {rbac-invalid: error}"),
        ("rules", "rules: {rbac-invalid: off}", "rules: {rbac-invalid: off}"),
        ("rules.rbac-invalid", "", "rules: {pods-not-spread: off}"),
        (
            "trusted-sources",
            "trusted-sources: [a]\nrules: {connectivity-widened: {trusted-sources: [b]}}",
            "rules: {connectivity-widened: {trusted-sources: [a, b]}}",
        ),
        ("images", "images: {approved: [a, b]}", "images: {approved: [a]}"),
        ("images", "", "images: {require-digest: true}"),
        ("override", "override: {users: [a, b], hours: 9}", "override: {users: [a], hours: 1}"),
        ("notify", "", "notify: [{rules: ['*'], teams: [a/a]}]"),
        ("privileged-namespaces", "", "privileged-namespaces: [mine]"),
        ("block, mode", "block: warning", "ignore: [x]"),
    ],
)  # fmt: skip
def test_what_is_locked_may_be_tightened(locked: str, under: str, over: str) -> None:
    policy(f"locked: [{locked}]\n{under}\n", f"{over}\n")


def test_privileged_namespaces_are_the_organisation_s_as_well() -> None:
    held = policy("privileged-namespaces: [vault]\n", "privileged-namespaces: [mine]\n")

    assert held.privileged_namespaces == ("mine", "vault")


def test_every_loosened_key_is_said_at_once() -> None:
    with pytest.raises(PolicyError) as no:
        policy("locked: [mode, block]\n", "mode: observe\nblock: never\n")

    assert [line[:12] for line in str(no.value).splitlines()] == ["line 1: mode", "line 2: bloc"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("locked: [blok]\n", r"line 1: unknown key 'blok', did you mean 'block'\?"),
        ("locked: [rules.rbac-invalidd]\n", "unknown key 'rules.rbac-invalidd'"),
        ("locked: mode\n", "line 1: locked must be a list of keys"),
        ("locked: [version]\n", "unknown key 'version'"),
        ("mode: lax\n", "mode is 'lax'"),
        ("[]\n", "the policy is"),
    ],
)
def test_an_organisation_s_policy_that_is_not_valid(text: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        parse_organisation(text, OPTIONS)


def test_the_organisation_s_schema_takes_what_can_be_locked_and_nothing_else() -> None:
    schema = organisation_schema(OPTIONS)
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema).is_valid

    for locked, *_ in LOOSENING:
        assert valid({"locked": [locked]})
    assert not valid({"locked": ["version"]})
    assert not valid({"locked": ["rules.nonsense"]})


def test_a_repository_locks_nothing() -> None:
    with pytest.raises(PolicyError, match="unknown key 'locked'"):
        policy("", "locked: [mode]\n")
