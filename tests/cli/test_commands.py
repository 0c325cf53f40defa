"""What every command has, and the catalogue's, the policy's and the reader's commands."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bot.catalog import load_rules, rule_options
from bot.cli import COMMANDS, cli
from bot.cli.output import terminal
from bot.core.policy.schema import policy_schema
from tests.cli.running import ACCOUNT, Ran, fairlead, write


def every_command() -> Iterator[tuple[str, click.Command]]:
    for entry in COMMANDS:
        command = entry.load()
        yield entry.name, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                yield f"{entry.name} {name}", found


@pytest.mark.parametrize("command", [pytest.param(held, id=name) for name, held in every_command()])
def test_every_command_says_what_it_does_with_an_example(command: click.Command) -> None:
    assert command.help
    assert isinstance(command, click.Group) or (command.epilog or "").startswith(
        ("\b\nExample", "\b\nExamples")
    )


def test_help_lists_every_command() -> None:
    ran = fairlead("--help")

    listed = [
        line.split()[0] for line in ran.stdout.partition("Commands:\n")[2].splitlines() if line
    ]
    assert ran.status == 0
    assert [name for name in listed if name != "`fairlead"] == [entry.name for entry in COMMANDS]


def test_help_imports_nothing_that_only_a_review_needs() -> None:
    script = (
        "import sys\n"
        "from bot.cli import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'github', 'deepdiff', 'dbos', 'flask', 'jinja2', 'rich', 'yaml', 'bot.core'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stderr == "[]\n"


def test_no_command_shows_the_help_and_is_wrong_use() -> None:
    ran = fairlead()

    assert (ran.status, ran.stdout.startswith("Usage: fairlead")) == (2, True)


def test_the_version_is_that_of_the_package() -> None:
    ran = fairlead("--version")

    assert (ran.status, ran.stdout.split()[0], ran.stdout.count(".")) == (0, "fairlead", 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["revew"], "unknown command 'revew', did you mean 'review'? (see fairlead --help)"),
        (["zzz"], "unknown command 'zzz' (see fairlead --help)"),
        (["review", "a"], "Missing argument 'HEAD' (see fairlead review --help)"),
        (
            ["review", "a", "b", "--frmat", "json"],
            "No such option '--frmat'. Did you mean '--format'? (see fairlead review --help)",
        ),
        (
            ["explain", "image-not-aproved"],
            (
                "unknown rule 'image-not-aproved', did you mean 'image-not-approved'? "
                "`fairlead rules` lists them all"
            ),
        ),
        (
            ["explain", "image"],
            (
                "unknown rule 'image': see image-not-approved, image-tag-mutable, or "
                "`fairlead rules` lists them all"
            ),
        ),
        (["explain", "0"], "unknown rule '0': `fairlead rules` lists them all"),
        (
            ["explain", "rbac-priv"],
            (
                "unknown rule 'rbac-priv', did you mean 'rbac-privilege-added'? "
                "`fairlead rules` lists them all"
            ),
        ),
        (
            ["explain", "37248221"],
            "'37248221' is the id of a finding: name its rule, which is printed before the id",
        ),
    ],
)
def test_wrong_use_is_one_sentence(arguments: list[str], said: str) -> None:
    assert fairlead(*arguments) == Ran(2, "", f"fairlead: {said}\n")


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    base = write(tmp_path / "base", {"a.yaml": ACCOUNT})
    target = tmp_path / "no" / "such" / "place"

    ran = fairlead("review", base, base, "--output", target)

    assert ran == Ran(2, "", f"fairlead: cannot write '{target}': No such file or directory\n")


def test_rules_lists_every_rule() -> None:
    text, listed = fairlead("rules"), fairlead("rules", "--format", "json")

    ids = [rule.id for rule in load_rules()]
    assert [line.split()[0] for line in text.stdout.splitlines() if line[0] != " "] == ids
    entries = json.loads(listed.stdout)
    assert [(held["id"], held["severity"], held["summary"]) for held in entries] == [
        (rule.id, str(rule.severity), rule.page.summary) for rule in load_rules()
    ]
    assert [set(held["options"]) for held in entries] == [
        {field.name.replace("_", "-") for field in dataclasses.fields(rule.options)}
        for rule in load_rules()
    ]


def test_rules_stacks_the_summaries_where_columns_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "PIPE_WIDTH", 40)

    lines = fairlead("rules").stdout.splitlines()

    titles = [line for line in lines if line[0] != " "]
    assert titles == [f"{rule.id} ({rule.severity})" for rule in load_rules()]
    summaries = " ".join(line.strip() for line in lines if line[0] == " ")
    assert summaries.split() == " ".join(rule.page.headline for rule in load_rules()).split()
    assert all(len(line) <= 40 for line in lines if line[0] == " ")


@pytest.mark.parametrize("name", ["image-not-approved", "image_not_approved"])
def test_explain_prints_the_page(name: str) -> None:
    (page,) = (rule.page.text for rule in load_rules() if rule.id == "image-not-approved")

    assert fairlead("explain", name) == Ran(0, page, "")


def test_policy_schema_is_the_one_that_checks() -> None:
    schema = policy_schema(rule_options())

    assert fairlead("policy", "schema").stdout == json.dumps(schema, indent=2) + "\n"


def test_the_organisation_s_schema_is_one_key_more() -> None:
    own, organisation = (
        json.loads(fairlead("policy", "schema", *more).stdout) for more in ((), ("--organisation",))
    )

    assert organisation["properties"].keys() - own["properties"].keys() == {"locked"}


def test_policy_schema_as_a_service_publishes_it() -> None:
    ran = fairlead("policy", "schema", "--service", "https://fairlead.example.com")
    both = fairlead("policy", "schema", "--service", "https://a.example", "--organisation")

    assert json.loads(ran.stdout) == {
        **json.loads(json.dumps(policy_schema(rule_options()))),
        "$id": "https://fairlead.example.com/policy.schema.json",
    }
    assert (both.status, both.stdout) == (2, "")


def test_policy_check_says_that_a_policy_is_valid(tmp_path: Path) -> None:
    waiver = "{rule: image-not-approved, reason: moved, expires: 2020-01-01}"
    file = write(tmp_path, {"p.yml": f"version: 1\nwaivers: [{waiver}]\n"}) / "p.yml"

    assert fairlead("policy", "check", file) == Ran(
        0,
        f"the waiver of image-not-approved expired on 2020-01-01\n{file} is valid\n",
        "",
    )


def test_policy_check_says_everything_that_is_wrong(tmp_path: Path) -> None:
    file = write(tmp_path, {"p.yml": "rules:\n  image-not-aproved: off\nmode: x\n"}) / "p.yml"

    ran = fairlead("policy", "check", file)

    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr.startswith(
        f"fairlead: the policy {file} is not valid\n"
        "line 2: unknown rule 'image-not-aproved', did you mean 'image-not-approved'?"
    )
    assert ran.stderr.endswith("line 3: mode is 'x', expected one of 'enforce', 'observe'\n")


def test_policy_check_warns_of_values_that_are_legal_and_rarely_meant(tmp_path: Path) -> None:
    file = write(tmp_path, {"p.yml": "version: 1\nimages:\n  approved: ['*']\n"}) / "p.yml"

    ran = fairlead("policy", "check", file)

    assert (ran.status, ran.stdout.splitlines()[1:]) == (0, [f"{file} is valid"])
    assert ran.stdout.startswith(
        f"{file}:3: warning: '*' approves nothing: an entry is not a glob:"
    )


def test_policy_check_looks_where_the_app_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, {".github/fairlead.yml": "mode: observe\n"}))

    assert fairlead("policy", "check").stdout == ".github/fairlead.yml is valid\n"


DOUBLE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '1', a: '2'}\n"


def test_policy_check_knows_the_organisation_s(tmp_path: Path) -> None:
    files = {
        "org.yml": "version: 1\nlocked: [mode]\n",
        "repository/.github/fairlead.yml": "version: 1\nbranches: [{names: [a], mode: observe}]\n",
    }
    organisation, repository = write(tmp_path, files) / "org.yml", tmp_path / "repository"
    own = repository / ".github/fairlead.yml"

    alone = fairlead("policy", "check", "--organisation", organisation, "--repo", tmp_path)
    assert (alone.status, alone.stdout) == (0, f"{organisation} is valid\n")
    both = fairlead("policy", "check", "--organisation", organisation, "--repo", repository)
    assert (both.status, both.stdout) == (2, "")
    assert f"the policy {own} is not valid\nline 2: branches[0].mode is locked" in both.stderr
    organisation.write_text("version: 1\n")
    both = fairlead("policy", "check", "--organisation", organisation, "--repo", repository)
    assert both.stdout == f"{organisation} is valid\n{own} is valid\n"


def test_policy_check_says_the_expired_waivers_of_every_branch(tmp_path: Path) -> None:
    waiver = "waivers: [{{rule: {}, reason: r, expires: 2020-01-01}}]"
    text = (
        f"{waiver.format('resource-pruned')}\nbranches:\n- names: [a]\n"
        f"  {waiver.format('rbac-invalid')}\n"
    )
    file = write(tmp_path, {"p.yml": text}) / "p.yml"

    ran = fairlead("policy", "check", file)

    assert ran.stdout == (
        "the waiver of resource-pruned expired on 2020-01-01\n"
        "the waiver of rbac-invalid expired on 2020-01-01\n"
        f"{file} is valid\n"
    )


def test_a_policy_of_the_wrong_name_is_said(tmp_path: Path) -> None:
    files = {".github/fairlead.yaml": "version: 1\n", "a.yaml": ACCOUNT}
    held = write(tmp_path / "gitops", files)

    check = fairlead("policy", "check", "--repo", held)
    review = fairlead("review", held, held)

    right = held / ".github/fairlead.yml"
    assert (check.status, check.stderr) == (
        2,
        (
            "fairlead: "
            f"Fairlead does not read {held / '.github/fairlead.yaml'}: rename it to {right}\n"
        ),
    )
    said = (
        f"Fairlead does not read .github/fairlead.yaml of {held}: rename it to .github/fairlead.yml"
    )
    assert (review.status, review.stderr) == (0, f"fairlead: warning: {said}\n")


def test_policy_check_without_a_policy_says_how_to_begin(tmp_path: Path) -> None:
    ran = fairlead("policy", "check", "--repo", tmp_path)

    said = f"{tmp_path / '.github/fairlead.yml'} does not exist: name a file, or start with"
    assert (ran.status, ran.stdout) == (2, "")
    assert said in ran.stderr


def test_read_prints_both_readings_and_the_flags(tmp_path: Path) -> None:
    file = write(tmp_path, {"a.yaml": DOUBLE}) / "a.yaml"

    ran = fairlead("read", file, "--format", "json")

    document = json.loads(ran.stdout)
    held = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a"},
        "data": {"a": "2"},
    }
    assert (ran.status, document["kubectl"]) == (0, {"error": None, "objects": [held]})
    assert document["kustomize"]["objects"] == []
    assert "line 4" in document["kustomize"]["error"]
    assert document["flags"] == ["duplicate-key"]


def test_read_says_what_it_read(tmp_path: Path) -> None:
    file = write(tmp_path, {"a.yaml": f"{ACCOUNT}---\n{ACCOUNT.replace('ci', 'cd')}"}) / "a.yaml"

    assert fairlead("read", file) == Ran(
        0,
        "As kubectl and kustomize read it: 2 objects\n"
        "  ServiceAccount/shop/ci\n"
        "  ServiceAccount/shop/cd\n",
        "",
    )


def test_read_takes_standard_input_and_names_hazards() -> None:
    ran = fairlead("read", "-", given=DOUBLE)

    assert ran.status == 0
    assert ran.stdout.startswith(
        "As kubectl read it: 1 object\n  ConfigMap/a\nAs kustomize read it: 0"
    )
    assert "\n  refused: line 4: " in ran.stdout
    assert "\nHazards\n  line 4: duplicate-key: " in ran.stdout


def test_numbers_go_through_read_as_they_are() -> None:
    text = "apiVersion: v1\nkind: A\na: 80.0\nb: 9007199254740993\nc: 0.1\n"

    ran = fairlead("read", "-", "--format", "json", given=text)

    (held,) = json.loads(ran.stdout)["kubectl"]["objects"]
    assert (repr(held["a"]), held["b"], held["c"]) == ("80", 9007199254740993, 0.1)


@pytest.mark.parametrize(("setting", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_for_terminals_alone(
    setting: dict[str, str], tmp_path: Path, *, coloured: bool
) -> None:
    base = write(tmp_path / "base", {"a.yaml": ACCOUNT})
    command = Path(sys.executable).with_name("fairlead")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm", **setting}

    done = subprocess.run(
        ["script", "-qec", f"'{command}' review '{base}' '{base}' 2>/dev/null", "/dev/null"],
        env=environment,
        capture_output=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )

    assert (b"Pass" in done.stdout, b"\x1b[1;32m" in done.stdout) == (True, coloured)


def test_the_group_and_its_entries_agree() -> None:
    context = click.Context(cli)

    for entry in COMMANDS:
        command = cli.get_command(context, entry.name)
        assert command is not None
        assert command.name == entry.name


def test_a_closed_standard_output_leaves_the_status() -> None:
    script = "import sys; sys.stdout = None; from bot.cli import cli; cli.main(['rules'])"

    done = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
