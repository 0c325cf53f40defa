"""What `fairlead docs` and `fairlead new-rule` write."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.catalog import load_rules
from bot.cli.rulebook.docs import BEGIN, END, generated
from tests.cli.running import Ran, fairlead

ROOT = Path(__file__).parents[2]
SCHEMA: Any = json.loads((ROOT / "docs" / "policy.schema.json").read_text())


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The source tree, to be written to."""
    for name in ("bot", "rules", "templates", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "tests" / "rules").mkdir(parents=True)
    for name in ("README.md", "pyproject.toml", "tests/rules/test_pages.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(folder: Path, *arguments: str) -> Ran:
    """Run a command of the copy, which writes into the copy alone."""
    script = "import sys; sys.path.insert(0, sys.argv.pop(1)); from bot.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, folder, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_what_is_generated_is_fresh() -> None:
    assert fairlead("docs", "--check") == Ran(0, "", "")


def test_the_table_of_the_readme_cuts_no_code_in_two() -> None:
    rows = generated(ROOT)["README.md"].partition(BEGIN)[2].partition(END)[0].splitlines()

    assert [row for row in rows if row.count("`") % 2] == []


def test_what_is_stale_is_named_with_the_command_and_then_made_anew(copy: Path) -> None:
    readme = (copy / "README.md").read_text()
    (copy / "README.md").write_text(readme.replace(END, f"| stale |\n{END}"))
    (copy / "docs" / "cli.md").unlink()

    check, write, again = run(copy, "docs", "--check"), run(copy, "docs"), run(copy, "docs")

    assert check == Ran(
        1, "", "fairlead: stale: README.md, docs/cli.md; run `fairlead docs` to regenerate them\n"
    )
    assert write == Ran(0, "wrote README.md\nwrote docs/cli.md\n", "")
    assert again == Ran(0, "", "")
    assert (copy / "README.md").read_text() == readme


def test_a_readme_without_the_markers_is_refused(copy: Path) -> None:
    (copy / "README.md").write_text("# Fairlead\n")

    ran = run(copy, "docs")

    assert (ran.status, ran.stderr) == (
        2,
        f"fairlead: README.md lacks the lines {BEGIN} and {END} around its table\n",
    )


def test_every_rule_has_a_row_that_leads_to_its_page() -> None:
    files = generated(ROOT)

    for rule in load_rules():
        page = f"rules/{rule.id.replace('-', '_')}.md"
        assert (ROOT / page).is_file()
        assert f"\n| [`{rule.id}`]({page}) | " in files["README.md"]
        assert f"\n| [`{rule.id}`](../{page}) | " in files["docs/rules.md"]


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        ("rbac-privilege-added", "error, warning or notice"),
        ("api-version-removed", "error or warning"),
        ("network-policy-invalid", "error"),
    ],
)
def test_a_row_lists_every_severity_that_the_rule_gives(rule: str, severity: str) -> None:
    page = f"rules/{rule.replace('-', '_')}.md"

    assert f"\n| [`{rule}`]({page}) | {severity} | " in generated(ROOT)["README.md"]


def test_every_key_of_the_policy_is_described() -> None:
    """Both ways: docs/policy.md has a section for each key, which names all that is in it."""
    text = (ROOT / "docs" / "policy.md").read_text()
    named = {
        section.partition("`")[0]: set(re.findall(r"`([^`\n]+)`", section))
        for section in text.split("\n## `")[1:]
    }

    expected = {key: _keys_within(held) for key, held in SCHEMA["properties"].items()}
    assert named.keys() == expected.keys()
    assert {key: held - named[key] for key, held in expected.items()} == {
        key: set() for key in expected
    }


def _keys_within(held: Any) -> set[str]:
    """The keys of the mappings that stand at a key of the policy."""
    name = held.get("items", held).get("$ref", "").rpartition("/")[2]
    return set(SCHEMA["$defs"].get(name, {}).get("properties", {}))


@pytest.mark.parametrize("shape", ["find", "compare"])
def test_a_new_rule_fails_its_own_example_until_it_is_written(copy: Path, shape: str) -> None:
    made = run(copy, "new-rule", "rule-of-a-test", "--shape", shape)

    assert (made.status, made.stdout.splitlines()[:2]) == (
        0,
        ["wrote rules/rule_of_a_test.md", "wrote rules/rule_of_a_test.py"],
    )
    assert "pytest tests/rules -k rule-of-a-test" in made.stdout
    assert _test(copy) == "1 failed, 3 passed"

    function = copy / "rules" / "rule_of_a_test.py"
    text = function.read_text()
    function.write_text(text.replace("is not described yet", "uses the network of its node"))

    assert _test(copy) == "4 passed"


def _test(folder: Path) -> str:
    """How the tests of the new rule end: `1 failed, 2 passed`."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/rules", "-q", "-k", "rule-of-a-test"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stdout.strip().splitlines()[-1]
    return ", ".join(
        part for part in last.partition(" in ")[0].split(", ") if "deselected" not in part
    )


@pytest.mark.parametrize("shape", ["find", "compare"])
def test_a_new_rule_is_as_tidy_as_the_others(copy: Path, shape: str) -> None:
    run(copy, "new-rule", "rule-of-a-test", "--shape", shape)

    for command in (["check", "--quiet"], ["format", "--check", "--quiet"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "rules/rule_of_a_test.py"],
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("image-not-approved", "rule 'image-not-approved' already exists"),
        ("Image-Bad", "'Image-Bad' is not a rule name"),
        ("image", "'image' is not a rule name"),
        ("image_bad", "'image_bad' is not a rule name"),
        ("../image-bad", "'../image-bad' is not a rule name"),
        ("image-", "'image-' is not a rule name"),
        ("no-image-bad", "'no-image-bad' names the remedy: name what is found, 'image-bad'"),
    ],
)
def test_a_name_that_is_taken_or_none_is_refused(name: str, said: str) -> None:
    ran = fairlead("new-rule", name)

    assert (ran.status, ran.stdout, said in ran.stderr) == (2, "", True)
