"""The policy file: every key, every error, and the schema that is published."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from datetime import date
from typing import Literal

import pytest
from jsonschema import Draft202012Validator

from bot.core.finding import Severity
from bot.core.policy.document import parse_document
from bot.core.policy.faults import EXPLAINED
from bot.core.policy.model import (
    ApprovalPolicy,
    Assume,
    EnvironmentPolicy,
    Escalation,
    Images,
    KnownRbac,
    NamespaceOwner,
    Notice,
    Override,
    Policy,
    RenderPolicy,
    RulePolicy,
    Threshold,
    Waiver,
)
from bot.core.policy.reading import parse_policy
from bot.core.policy.schema import policy_schema, written
from bot.errors import PolicyError


@dataclass(frozen=True, slots=True)
class Nothing:
    """No options."""


@dataclass(frozen=True, slots=True)
class Options:
    only_kinds: tuple[str, ...] = ("Deployment",)
    most: int = 3
    where: Literal["all", "exposed"] = "all"


@dataclass(frozen=True, slots=True)
class Either:
    most: int | str = 1


OPTIONS = {
    "image-not-approved": Nothing,
    "pods-not-spread": Options,
    "rbac-privilege-added": Nothing,
}

FULL = """\
version: 1
mode: observe
new-rules: enforce
block: warning
inline: never
incomplete: allow
unlisted: warning
ignore: [charts/vendor/**]
environments:
  - {name: production, paths: [clusters/production/**], kubernetes: "1.34", default-namespace: apps}
privileged-namespaces: [kube-system]
trusted-sources: [monitoring, 10.0.0.0/8]
images:
  approved: [registry.example.com, "docker.io/library/nginx"]
  require-digest: true
  mirrors: {docker.io/some-library: registry.example.com/hub}
rules:
  image-not-approved: off
  rbac-privilege-added: error
  pods-not-spread: {severity: notice, only-kinds: [StatefulSet], most: 5}
owners:
  - {namespaces: ["payments-*"], teams: [example/payments]}
approvals:
  - {rules: ["rbac-*"], teams: [example/security], users: [octocat], count: 2, by-review: true}
notify:
  - {rules: ["pods-*"], teams: [example/identity]}
waivers:
  - {rule: image-not-approved, resource: Deployment/shop/legacy, environments: [production],
     namespaces: [shop], paths: [apps/**], reason: "moves in Q1, PLAT-812", expires: 2027-03-31}
  - {fingerprint: 0123456789abcdef0123-2, reason: known, expires: "2027-03-31"}
override: {teams: [example/oncall], users: [octocat], hours: 4}
escalation: {teams: [example/heads]}
promotes: [staging, production]
assume: {default-deny: [shop]}
rbac: {known: [exported-rbac/*.yaml]}
render: {roots: [bases/*], exclude: [charts/library-*]}
roots: [clusters/*]
branches:
  - {names: ["release/*"], block: error}
"""


def test_every_key_is_read() -> None:
    day = date(2027, 3, 31)

    assert parse_policy(FULL, OPTIONS) == Policy(
        version=1,
        mode="observe",
        new_rules="enforce",
        block=Threshold.WARNING,
        inline=Threshold.NEVER,
        incomplete="allow",
        unlisted=Severity.WARNING,
        roots=("clusters/*",),
        ignore=("charts/vendor/**",),
        environments=(
            EnvironmentPolicy("production", ("clusters/production/**",), "1.34", "apps"),
        ),
        privileged_namespaces=("kube-system",),
        trusted_sources=("monitoring", "10.0.0.0/8"),
        images=Images(
            ("registry.example.com", "docker.io/library/nginx"),
            require_digest=True,
            mirrors={"docker.io/some-library": "registry.example.com/hub"},
        ),
        rules={
            "image-not-approved": RulePolicy(off=True),
            "rbac-privilege-added": RulePolicy(Severity.ERROR),
            "pods-not-spread": RulePolicy(
                Severity.NOTICE, options={"only-kinds": ("StatefulSet",), "most": 5}
            ),
        },
        owners=(NamespaceOwner(("payments-*",), ("example/payments",)),),
        approvals=(
            ApprovalPolicy(("rbac-*",), ("example/security",), ("octocat",), 2, by_review=True),
        ),
        notify=(Notice(("pods-*",), ("example/identity",)),),
        waivers=(
            Waiver(
                "moves in Q1, PLAT-812",
                day,
                "image-not-approved",
                "Deployment/shop/legacy",
                ("production",),
                ("shop",),
                ("apps/**",),
            ),
            Waiver("known", day, fingerprint="0123456789abcdef0123-2"),
        ),
        override=Override(("example/oncall",), ("octocat",), 4),
        escalation=Escalation(("example/heads",)),
        promotes=("staging", "production"),
        assume=Assume(("shop",)),
        rbac=KnownRbac(("exported-rbac/*.yaml",)),
        render=RenderPolicy(("bases/*",), ("charts/library-*",)),
    )


def test_the_example_names_every_key_there_is() -> None:
    named = {line.partition(":")[0] for line in FULL.splitlines() if line[0] not in " -"}

    assert named == {written(field.name) for field in fields(Policy)} | {"branches"}


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "---\n", "{}", "\ufeffversion: 1\n"])
def test_a_policy_that_says_nothing_is_the_default(text: str) -> None:
    assert parse_policy(text, OPTIONS) == Policy()


@pytest.mark.parametrize(
    "value", ["off", '"off"', "{severity: off}", "false", "False", "{severity: false}"]
)
def test_off_is_off_however_yaml_reads_it(value: str) -> None:
    text = f"rules:\n  pods-not-spread: {value}\n"

    for head in ("", "%YAML 1.1\n---\n"):
        assert parse_policy(head + text, OPTIONS).rule("pods-not-spread") == RulePolicy(off=True)


def test_a_rule_that_is_not_mentioned_has_its_own_settings() -> None:
    assert Policy().rule("pods-not-spread") == RulePolicy()


def test_options_are_an_instance_of_the_rules_own_type() -> None:
    policy = parse_policy(FULL, OPTIONS)

    assert policy.options("pods-not-spread", Options) == Options(("StatefulSet",), 5)
    assert policy.options("image-not-approved", Options) == Options()


def test_options_that_nobody_checked_are_checked_when_they_are_used() -> None:
    policy = parse_policy("rules: {pods-not-spread: {most: many}}")

    with pytest.raises(PolicyError, match="the options of rule 'pods-not-spread': Expected `int`"):
        policy.options("pods-not-spread", Options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("moed: observe", "line 1: unknown key 'moed', did you mean 'mode'?"),
        (
            "mode: observing",
            (
                "line 1: mode is 'observing', did you mean 'observe'? Expected one "
                "of 'enforce', 'observe'"
            ),
        ),
        ("version: 2", "line 1: version is 2, expected 1"),
        ("version: true", "line 1: version is True, expected 1"),
        (
            "block: all",
            "line 1: block is 'all', expected one of 'error', 'never', 'notice', 'warning'",
        ),
        ("\nignore: charts", "line 2: ignore is 'charts', expected a list"),
        ("ignore: [1]", "line 1: ignore[0] is 1, expected text; put it in quotes"),
        ("ignore:", "line 1: ignore is None, expected a list"),
        ("- mode", "line 1: the policy is ['mode'], expected a mapping"),
        ("just text", "line 1: the policy is 'just text', expected a mapping"),
        (
            "environments:\n- name: a\n  paths: [a/**]\n  kubernetes: 1.30",
            "line 4: environments[0].kubernetes is 1.3, expected text; put it in quotes",
        ),
        (
            "environments:\n- name: a\n  paths: [a/**]\n  kubernetes: 'v1.30'",
            (
                "line 4: environments[0].kubernetes is 'v1.30', "
                'expected a minor version such as "1.34"'
            ),
        ),
        ("environments:\n- {name: a}", "line 2: environments[0] lacks 'paths'"),
        ("environments: [{name: a, paths: []}]", "line 1: environments[0].paths is empty"),
        (
            "environments:\n- {name: a, paths: [a]}\n- {name: a, paths: [b]}",
            (
                "line 2: environments[0].name repeats the name 'a'\n"
                "line 3: environments[1].name repeats the name 'a'"
            ),
        ),
        (
            "images: {aproved: [x]}",
            (
                "line 1: unknown key 'aproved' in images, did you mean 'approved'? "
                "Expected one of 'approved', 'require-digest', 'mirrors'"
            ),
        ),
        (
            "images: {require_digest: true}",
            (
                "line 1: unknown key 'require_digest' in images, did you mean 'require-digest'? "
                "Expected one of 'approved', 'require-digest', 'mirrors'"
            ),
        ),
        (
            "images:\n  require-digest: yes please",
            "line 2: images.require-digest is 'yes please', expected true or false",
        ),
        (
            "rules: {pod-not-spread: off}",
            (
                "line 1: unknown rule 'pod-not-spread', did you mean 'pods-not-spread'? "
                "Expected one of 'image-not-approved', 'pods-not-spread', 'rbac-privilege-added'"
            ),
        ),
        (
            "rules:\n  pods-not-spread: of",
            (
                "line 2: rules.pods-not-spread is 'of', did you mean 'off'? "
                "Expected one of 'notice', 'warning', 'error', 'off'"
            ),
        ),
        (
            "rules: {pods-not-spread: {severty: off}}",
            (
                "line 1: unknown key 'severty' in rules.pods-not-spread, did you mean 'severity'? "
                "Expected one of 'severity', 'mode', 'only-kinds', 'most', 'where'"
            ),
        ),
        (
            "rules: {pods-not-spread: {most: 1.5, where: exposd}}",
            (
                "line 1: rules.pods-not-spread.most is 1.5, expected a whole number\n"
                "line 1: rules.pods-not-spread.where is 'exposd', did you mean 'exposed'? "
                "Expected one of 'all', 'exposed'"
            ),
        ),
        (
            "rules: {image-not-approved: {most: 1}}",
            (
                "line 1: unknown key 'most' in rules.image-not-approved, expected "
                "one of 'severity', 'mode'"
            ),
        ),
        (
            "approvals: [{rules: [a-*, pods-*], teams: [a/b], count: 0}]",
            "line 1: approvals[0].count is 0, expected 1 or more",
        ),
        (
            "approvals:\n- rules:\n  - pods-*\n  - a-*\n  teams: [a/b]",
            (
                "line 4: approvals[0].rules[1] is 'a-*', which matches no rule, "
                "expected one of 'image-not-approved', 'pods-not-spread', 'rbac-privilege-added'"
            ),
        ),
        ("override: {hours: 1000}", "line 1: override.hours is 1000, expected 720 or less"),
        (
            "waivers: [{rule: pods-not-spread, expires: 2027-01-01}]",
            "line 1: waivers[0] lacks 'reason'",
        ),
        (
            "waivers: [{rule: pods-not-spread, reason: '', expires: 2027-01-01}]",
            "line 1: waivers[0].reason is '', expected a text that says why",
        ),
        (
            "waivers: [{rule: pods-not-spread, reason: x, expires: soon}]",
            "line 1: waivers[0].expires is 'soon', expected a date such as 2027-03-31",
        ),
        (
            "waivers: [{reason: x, expires: 2027-01-01}]",
            "line 1: waivers[0] names neither a 'rule' nor a 'fingerprint'",
        ),
        (
            "waivers: [{rule: pod-not-spread, reason: x, expires: 2027-01-01}]",
            (
                "line 1: waivers[0].rule is 'pod-not-spread', which matches no rule, "
                "did you mean 'pods-not-spread'? "
                "Expected one of 'image-not-approved', 'pods-not-spread', 'rbac-privilege-added'"
            ),
        ),
        (
            "moed: x\nblock: y",
            (
                "line 1: unknown key 'moed', did you mean 'mode'?\n"
                "line 2: block is 'y', expected one of 'error', 'never', 'notice', 'warning'"
            ),
        ),
        (
            "mode: observe\nmode: enforce",
            "line 2: duplicate key 'mode', first in line 1",
        ),
        (
            "environments:\n- &a {name: a, paths: [a/**]}\n- {<<: *a, kubernetes: 1.34}",
            "line 3: environments[1].kubernetes is 1.34, expected text; put it in quotes",
        ),
        (
            "branches: [{name: [main]}]",
            (
                "line 1: branches[0] lacks 'names'\n"
                "line 1: unknown key 'name' in branches[0], did you mean 'names'?"
            ),
        ),
        ("branches: [{names: []}]", "line 1: branches[0].names is empty"),
        (
            "branches:\n- names: [main]\n  blok: never",
            "line 3: unknown key 'blok' in branches[0], did you mean 'block'?",
        ),
        (
            "branches:\n- names: [main]\n  block: all",
            (
                "line 3: branches[0].block is 'all', expected one of 'error', "
                "'never', 'notice', 'warning'"
            ),
        ),
        (
            "branches:\n- names: [main]\n  rules:\n    pod-not-spread: off",
            (
                "line 4: unknown rule 'pod-not-spread' in branches[0].rules, did you mean "
                "'pods-not-spread'? "
                "Expected one of 'image-not-approved', 'pods-not-spread', 'rbac-privilege-added'"
            ),
        ),
        (
            "branches:\n- names: [main]\n  rules:\n    pods-not-spread: {most: x}",
            "line 4: branches[0].rules.pods-not-spread.most is 'x', expected a whole number",
        ),
        (
            "branches:\n- names: [main]\n  waivers:\n  - {reason: x, expires: 2027-01-01}",
            "line 4: branches[0].waivers[0] names neither a 'rule' nor a 'fingerprint'",
        ),
        (
            "branches:\n- names: [main]\n  notify:\n  - {rules: [a-*], teams: [a/b]}",
            (
                "line 4: branches[0].notify[0].rules[0] is 'a-*', which matches no rule, "
                "expected one of 'image-not-approved', 'pods-not-spread', 'rbac-privilege-added'"
            ),
        ),
        (
            "branches:\n- {names: [main]}\n- {names: [dev, main]}",
            "line 3: branches[1].names[1] repeats 'main'; only the first entry takes effect",
        ),
        (
            f"branches: [{', '.join(f'{{names: [b{n}]}}' for n in range(51))}]",
            "line 1: branches has 51 entries; at most 50 are allowed",
        ),
        (
            f"branches: [{{names: [{', '.join(f'b{n}' for n in range(21))}]}}]",
            "line 1: branches[0].names has 21 entries; at most 20 are allowed",
        ),
        ("a: [", "line 1: expected the node content, but found '<stream end>'"),
        (
            "a: 1\n---\nb: 1",
            "line 2: a second document begins here, but a policy is a single document",
        ),
        (
            "mode: !python/name:os.system x",
            "line 1: the tag '!python/name:os.system' has no meaning in a policy",
        ),
        (
            "mode: !!python/object/apply:os.system [x]",
            (
                "line 1: the tag 'tag:yaml.org,2002:python/object/apply:os.system' has no meaning "
                "in a policy"
            ),
        ),
        ("mode:\n\tobserve", "line 2: YAML does not allow a tab here: use spaces"),
        ("[a]: b", "line 1: a key must be text"),
        ("mode: *a", "line 1: found undefined alias 'a'"),
        ("images: {<<: 3}", "line 1: only mappings can be merged by '<<'"),
        (
            "waivers: [{rule: pods-not-spread, reason: ' ', expires: 2027-01-01}]",
            "line 1: waivers[0].reason is ' ', expected a text that says why",
        ),
        (
            "waivers: [{rule: pods-not-spread, reason: x, expires: 2027-02-30}]",
            "line 1: waivers[0].expires is '2027-02-30', expected a date such as 2027-03-31",
        ),
        (
            "waivers: [{fingerprint: 0123abcd, reason: x, expires: 2027-02-03}]",
            (
                "line 1: waivers[0].fingerprint is '0123abcd', expected a whole fingerprint, as "
                "in the check's summary and the JSON"
            ),
        ),
        (
            "owners: [{namespaces: [a], teams: [security]}]",
            "line 1: owners[0].teams[0] is 'security', expected a team such as example/security",
        ),
        (
            "override: {users: [example/security]}",
            ("line 1: override.users[0] is 'example/security', expected a login such as octocat"),
        ),
        (
            "images: {approved: ['https://ghcr.io/example']}",
            (
                "line 1: images.approved[0] is 'https://ghcr.io/example', "
                "expected a registry, a part of one, or an image, such as ghcr.io/example"
            ),
        ),
        (
            "privileged-namespaces: [kube-*]",
            (
                "line 1: privileged-namespaces[0] is 'kube-*', "
                "expected the name of a namespace, not a glob"
            ),
        ),
    ],
)
def test_every_error_names_its_line_and_what_is_legal(text: str, expected: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, OPTIONS)

    first = expected.partition(":")[0].removeprefix("line ")
    assert (str(caught.value), caught.value.line) == (expected, int(first))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("block: !!str error", {"block": "error"}),
        ("block: ! error", {"block": "error"}),
        ("a: [~, null, True, 'true', off, no, 2027-01-01, 12:30, 0o17]", None),
        (
            "a: {<<: {b: 1, c: 2}, c: 3, <<: [{c: 4, d: 5}, {d: 6}]}",
            {"a": {"b": 1, "c": 3, "d": 5}},
        ),
        ("a: &x [1, {b: 2.5}]\nc: *x\n", {"a": [1, {"b": 2.5}], "c": [1, {"b": 2.5}]}),
        ("'<<': a", {"<<": "a"}),
        (
            "2027-01-01: a\n~: b\ntrue: c\n1: d",
            {"2027-01-01": "a", "~": "b", "true": "c", "1": "d"},
        ),
        ("a: " + "9" * 19, {"a": int("9" * 19)}),
        ("%YAML 1.1\n---\na: [yes, -7, .5, 1e3]\n...\n", {"a": [True, -7, 0.5, 1000.0]}),
    ],
)
def test_what_yaml_holds(text: str, value: object) -> None:
    if value is None:
        texts = ["true", "off", "no", "2027-01-01", "12:30"]
        value = {"a": [None, None, True, *texts, 15]}

    assert parse_document(text).value == value


def test_a_merged_key_stands_where_it_was_written() -> None:
    text = "environments:\n- &a\n  name: a\n  paths: [a]\n- <<: *a\n  name: b\n"
    lines = parse_document(text).lines

    assert lines["environments", 1, "paths"] == 4
    assert lines["environments", 1, "name"] == 6


def test_every_pattern_is_explained() -> None:
    held = json.dumps(policy_schema(OPTIONS))
    patterns = set(map(json.loads, re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', held)))

    assert patterns == set(EXPLAINED)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_001,
        "ignore: [" + "a," * 60_000 + "a]",
        "ignore: " + "[" * 1_500,
        "a: &a [1,1,1,1,1,1,1,1]\n"
        + "\n".join(
            f"{new}: &{new} [{','.join([f'*{old}'] * 8)}]"
            for old, new in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "a: &a [*a]",
        "a: &a {<<: *a}",
        "a0: &a0 {k: v}\n"
        + "\n".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: v}}" for n in range(1, 400)),
        "ignore: [\x00]",
        "ignore: [" + "9" * 5_000 + "]",
    ],
    ids=["long", "many", "deep", "bomb", "cycle", "merged", "merges", "control", "digits"],
)
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy(text, OPTIONS)


def test_what_is_wrong_is_said_up_to_a_number() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy("".join(f"blok{number}: x\n" for number in range(300)), OPTIONS)

    said = str(caught.value).splitlines()
    assert (len(said), said[-1]) == (201, "only the first 200 errors are listed")


@pytest.mark.parametrize("key", ["version", "branches", "locked"])
def test_what_an_entry_for_a_branch_cannot_hold(key: str) -> None:
    with pytest.raises(PolicyError, match=f"line 3: unknown key '{key}' in branches.0., "):
        parse_policy(f"branches:\n- names: [main]\n  {key}: []\n", OPTIONS)


BRANCHES = """\
block: error
ignore: [a]
rules: {image-not-approved: off, pods-not-spread: {severity: notice, most: 2}}
waivers: [{rule: 'rbac-*', reason: everywhere, expires: 2027-01-01}]
branches:
  - names: [release-1, "hotfix/*"]
    block: never
    ignore: [b]
    rules: {pods-not-spread: off}
    waivers: [{rule: 'image-*', reason: here, expires: 2027-01-01}]
  - names: ["release-*"]
    block: warning
"""


def test_an_entry_for_a_branch_is_laid_upon_the_rest() -> None:
    day = date(2027, 1, 1)

    assert parse_policy(BRANCHES, OPTIONS, "hotfix/1/2") == Policy(
        block=Threshold.NEVER,
        ignore=("b",),
        rules={"image-not-approved": RulePolicy(off=True), "pods-not-spread": RulePolicy(off=True)},
        waivers=(
            Waiver("here", day, "image-*"),
            Waiver("everywhere", day, "rbac-*"),
        ),
    )


@pytest.mark.parametrize(
    ("branch", "block"),
    [
        ("release-1", "never"),  # the first entry that names it
        ("release-2", "warning"),
        ("main", "error"),
        ("Release-2", "error"),  # case counts
        ("my-release-2", "error"),  # the whole name
        ("hotfix", "error"),
        (None, "error"),
    ],
)
def test_the_first_entry_that_names_the_branch_counts(branch: str | None, block: str) -> None:
    assert parse_policy(BRANCHES, OPTIONS, branch).block == block


@pytest.mark.parametrize("value", ["off", "{severity: off}"])
def test_off_is_off_in_an_entry_for_a_branch(value: str) -> None:
    text = f"%YAML 1.1\n---\nbranches: [{{names: [a], rules: {{pods-not-spread: {value}}}}}]\n"

    assert parse_policy(text, OPTIONS, "a").rule("pods-not-spread") == RulePolicy(off=True)


def test_without_the_catalogue_rules_and_options_are_taken_as_they_stand() -> None:
    policy = parse_policy("rules: {some-rule: {anything: [1]}}")

    assert policy.rule("some-rule") == RulePolicy(options={"anything": (1,)})


def test_the_published_schema_is_a_schema_and_takes_the_example() -> None:
    schema = policy_schema(OPTIONS)
    Draft202012Validator.check_schema(schema)

    example = {
        "mode": "observe",
        "rules": {"pods-not-spread": {"most": 4}, "image-not-approved": "off"},
        "branches": [{"names": ["a"], "rules": {"pods-not-spread": "off"}}],
    }
    assert [str(error.message) for error in Draft202012Validator(schema).iter_errors(example)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"moed": "observe"},
        {"rules": {"unknown": "off"}},
        {"rules": {"pods-not-spread": {"most": "x"}}},
        {"waivers": [{"rule": "x", "reason": "y"}]},
        {"environments": [{"name": None, "paths": ["a"]}]},
        {"branches": [{"names": ["a"], "moed": "observe"}]},
        {"branches": [{"names": ["a"], "rules": {"pods-not-spread": {"most": "x"}}}]},
    ],
)
def test_the_published_schema_refuses_what_the_reader_refuses(wrong: dict[str, object]) -> None:
    assert not Draft202012Validator(policy_schema(OPTIONS)).is_valid(wrong)
    with pytest.raises(PolicyError):
        parse_policy(json.dumps(wrong), OPTIONS)


def test_an_option_may_have_one_of_several_types() -> None:
    schema = policy_schema({"pods-not-spread": Either})

    _, mapping = schema["properties"]["rules"]["properties"]["pods-not-spread"]["anyOf"]
    assert mapping["properties"]["most"] == {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "default": 1,
        "description": "An option of the rule: see its page.",
    }


def test_the_schema_is_the_same_whatever_the_order_of_the_rules() -> None:
    backwards = dict(reversed(OPTIONS.items()))

    assert json.dumps(policy_schema(OPTIONS)) == json.dumps(policy_schema(backwards))


def test_a_rule_may_observe_alone() -> None:
    policy = parse_policy("rules: {pods-not-spread: {mode: observe}}", OPTIONS)

    assert policy.rule("pods-not-spread") == RulePolicy(mode="observe")
    with pytest.raises(PolicyError, match=r"rules.pods-not-spread.mode is 'watch'"):
        parse_policy("rules: {pods-not-spread: {mode: watch}}", OPTIONS)
