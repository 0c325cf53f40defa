"""The GitHub Action, the pre-commit hook, the GitLab job and SARIF, run as their users run them."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.cli.running import ACCOUNT, ADMIN, BLOCKING
from tests.doors.composite import ROOT, ActionRun, run_action
from tests.git.repositories import commit, git, make_repository

HARMLESS = ACCOUNT.replace("name: ci", "name: web")
BIN = Path(sys.executable).parent


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit on main."""
    path = make_repository(tmp_path / "repository")
    commit(path, {"account.yaml": ACCOUNT})
    return path


def pull_request(repository: Path, files: Mapping[str, str]) -> dict[str, str]:
    """The event of a pull request with these files."""
    base = git(repository, "rev-parse", "HEAD")
    commit(repository, dict(files))
    head = git(repository, "rev-parse", "HEAD")
    return {
        "github.event.pull_request.base.sha": base,
        "github.event.pull_request.head.sha": head,
        "github.base_ref": "main",
        "github.ref": "refs/pull/7/merge",
        "github.sha": "f" * 40,
        "github.repository": "example/gitops",
        "github.token": "t0ken",
    }


def run(repository: Path, event: Mapping[str, str], path: str = "", **inputs: str) -> ActionRun:
    defaults = {"repository": str(repository), "renderers": "false", "fetch": "false"}
    named = {name.replace("_", "-"): value for name, value in inputs.items()}
    return run_action(repository.parent, event, {**defaults, **named}, path)


def test_the_action_blocks_a_pull_request_and_annotates_the_line(repository: Path) -> None:
    done = run(repository, pull_request(repository, {"admin.yaml": ADMIN}))
    assert done.steps == {"install": 0, "review": 1}, done.log
    assert re.search(rf"^::error file=admin\.yaml,line=\d+.*{BLOCKING}", done.log, re.MULTILINE)
    assert done.summary.startswith("🔴 **Blocked**: ServiceAccount `shop/ci` can now do everything")
    assert (done.outputs["verdict"], done.outputs["problems"]) == ("blocked", "0")
    review = json.loads(Path(done.outputs["json"]).read_text("utf-8"))
    assert int(done.outputs["findings"]) == len(review["findings"]) > 0
    assert json.loads(Path(done.outputs["sarif"]).read_text("utf-8"))["version"] == "2.1.0"


def test_the_action_passes_a_harmless_pull_request(repository: Path) -> None:
    quiet = {"web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"}
    done = run(repository, pull_request(repository, quiet))
    assert (done.steps, done.outputs["verdict"]) == ({"install": 0, "review": 0}, "pass"), done.log


@pytest.mark.parametrize(("fail", "status"), [("incomplete", 3), ("blocked", 0), ("never", 0)])
def test_the_job_fails_as_it_is_told(repository: Path, fail: str, status: int) -> None:
    unread = {"app/kustomization.yaml": "generators: [plugin.yaml]\n"}
    done = run(repository, pull_request(repository, unread), fail=fail)
    assert (done.steps["review"], done.outputs["verdict"]) == (status, "incomplete"), done.log


def test_a_blocked_review_fails_unless_nothing_does(repository: Path) -> None:
    event = pull_request(repository, {"admin.yaml": ADMIN})
    statuses = [run(repository, event, fail=fail).steps["review"] for fail in ("blocked", "never")]
    assert statuses == [1, 0]


def test_a_shallow_checkout_is_said(repository: Path, tmp_path: Path) -> None:
    event = pull_request(repository, {"admin.yaml": ADMIN})
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "shallow")
    done = run(tmp_path / "shallow", event)
    assert done.steps["review"] == 2
    assert "Use actions/checkout with fetch-depth: 0." in done.log


def test_the_results_are_uploaded_to_code_scanning(repository: Path, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "gh").write_text(
        '#!/bin/sh\necho "$GH_TOKEN $*" > "$HOME/called"; cat > "$HOME/body"\n'
    )
    (programs / "gh").chmod(0o755)
    event = pull_request(repository, {"admin.yaml": ADMIN})
    done = run(repository, event, str(programs), upload_sarif="true")
    assert done.steps == {"install": 0, "review": 1, "2": 0}, done.log
    assert (tmp_path / "called").read_text() == (
        "t0ken api --silent --method POST repos/example/gitops/code-scanning/sarifs --input -\n"
    )
    body = json.loads((tmp_path / "body").read_text())
    assert (body["commit_sha"], body["ref"]) == (
        event["github.event.pull_request.head.sha"],
        "refs/pull/7/head",
    )
    sarif = gzip.decompress(base64.b64decode(body["sarif"]))
    assert sarif == Path(done.outputs["sarif"]).read_bytes()


def test_the_action_installs_only_what_is_locked() -> None:
    script = (ROOT / "deploy" / "ci" / "install").read_text("utf-8")
    installs = [line for line in script.splitlines() if '"${pip[@]}"' in line]
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    for name in ("requirements.lock", "requirements-build.lock"):
        lines = (ROOT / name).read_text("utf-8").splitlines()
        assert any("--hash=sha256:" in line for line in lines)
        assert not any("index-url" in line for line in lines)


def hook(repository: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the pre-commit hook's command, as Git does in the repository."""
    (definition,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert (definition["language"], definition["pass_filenames"]) == ("python", False)
    return subprocess.run(
        [*definition["entry"].split(), *options],
        cwd=repository,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_hook_reviews_what_is_staged_and_nothing_else(repository: Path) -> None:
    (repository / "admin.yaml").write_text(ADMIN)
    unstaged = hook(repository)
    git(repository, "add", "admin.yaml")
    (repository / "admin.yaml").write_text("not read")
    before = git(repository, "status", "--porcelain")
    staged = hook(repository, "--format", "json")
    assert (unstaged.returncode, staged.returncode) == (0, 1), staged.stderr
    assert BLOCKING in staged.stdout
    assert git(repository, "status", "--porcelain") == before


def test_the_hook_reviews_a_first_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "all.yaml").write_text(f"{ACCOUNT}---\n{ADMIN}")
    git(tmp_path, "add", "all.yaml")
    done = hook(tmp_path)
    assert (done.returncode, BLOCKING in done.stdout) == (1, True), done.stderr


def test_the_hook_says_where_there_is_nothing_to_review(tmp_path: Path) -> None:
    done = hook(tmp_path)
    assert done.returncode == 2
    assert "the staged files cannot be read: not a git repository" in done.stderr


def test_the_gitlab_job_reviews_a_merge_request(repository: Path) -> None:
    event = pull_request(repository, {"admin.yaml": ADMIN})
    job: Any = yaml.safe_load((ROOT / "deploy" / "ci" / "gitlab.yml").read_text("utf-8"))[
        "fairlead"
    ]
    (script,) = job["script"]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=repository,
        env={
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": event["github.event.pull_request.base.sha"],
            "CI_COMMIT_SHA": event["github.event.pull_request.head.sha"],
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, BLOCKING in done.stdout) == (1, True), done.stderr
    assert all((repository / name).stat().st_size for name in job["artifacts"]["paths"])


def test_the_version_in_the_snippets_is_this_one() -> None:
    (version,) = re.findall(
        r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    job: Any = yaml.safe_load((ROOT / "deploy" / "ci" / "gitlab.yml").read_text("utf-8"))
    assert job["fairlead"]["variables"]["FAIRLEAD_VERSION"] == version
    assert set(re.findall(r"v(\d+\.\d+\.\d+)", (ROOT / "docs" / "ci.md").read_text())) == {version}


def test_sarif_is_valid_by_its_published_schema(repository: Path) -> None:
    (repository / "fairlead.yml").write_text(
        "version: 1\nwaivers:\n"
        "- {rule: rbac-privilege-added, reason: '[x](y)', expires: 2999-01-01}\n"
    )
    unread = "generators: [plugin.yaml]\n"
    event = pull_request(repository, {"a [b].yaml": ADMIN, "app/kustomization.yaml": unread})
    done = run(repository, event, policy=str(repository / "fairlead.yml"), fail="never")
    document = json.loads(Path(done.outputs["sarif"]).read_text("utf-8"))
    schema = json.loads((ROOT / "tests/data/sarif/sarif-schema-2.1.0.json").read_text("utf-8"))
    jsonschema.Draft4Validator(schema).validate(document)
    (only,) = document["runs"]
    assert any(result["suppressions"] for result in only["results"])
    assert only["invocations"][0]["toolExecutionNotifications"]
    assert document["$schema"] == schema["id"]
