"""`fairlead review`: the same findings for commits and directories, in every format."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from bot.core.publish.review_json import review_schema
from tests.cli.running import ACCOUNT, ADMIN, BLOCKING, Ran, commit, fairlead, write
from tests.fetch.servers import serving

SAME = {"rbac.yaml": ACCOUNT}
CHANGED = {"rbac.yaml": f"{ACCOUNT}---\n{ADMIN}"}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two directories, of which the second binds an account to cluster-admin."""
    return write(tmp_path / "base", SAME), write(tmp_path / "head", CHANGED)


def found(ran: Ran) -> list[tuple[str, str, int]]:
    """The errors of a review in JSON: rule, path and line."""
    return [
        (held["rule"], held["location"]["path"], held["location"]["line"])
        for held in json.loads(ran.stdout)["findings"]
        if held["severity"] == "error"
    ]


def test_two_directories_are_compared_as_they_are(folders: tuple[Path, Path]) -> None:
    base, head = folders

    ran = fairlead("review", base, head, "--format", "json")

    document = json.loads(ran.stdout)
    assert (ran.status, ran.stderr) == (1, "")
    assert (document["verdict"], document["base"], document["head"]) == (
        "blocked",
        str(base),
        str(head),
    )
    assert found(ran) == [("rbac-privilege-added", "rbac.yaml", 12)]
    Draft202012Validator(review_schema()).validate(document)


def test_a_workload_that_moves_to_another_namespace_has_no_table_of_images(tmp_path: Path) -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: {}}}\n"
        "spec: {{containers: [{{name: web, image: example/web:1}}]}}\n"
    )
    base = write(tmp_path / "base", {"pod.yaml": pod.format("shop")})
    head = write(tmp_path / "head", {"pod.yaml": pod.format("store")})

    ran = fairlead("review", base, head)

    assert "1 added, 1 removed" in ran.stdout
    assert "Images" not in ran.stdout


def test_two_commits_are_compared_from_their_merge_base(tmp_path: Path) -> None:
    base = commit(tmp_path, SAME)
    head = commit(tmp_path, CHANGED, "change")
    commit(tmp_path, {"later.yaml": ADMIN.replace("name: ci", "name: later")}, "main")

    ran = fairlead("review", "main", "change", "--repo", tmp_path, "--format", "json")

    document = json.loads(ran.stdout)
    assert (ran.status, document["base"], document["head"]) == (1, base, head)
    assert found(ran) == [("rbac-privilege-added", "rbac.yaml", 12)]


def test_a_commit_and_a_directory_can_be_compared(tmp_path: Path) -> None:
    base = commit(tmp_path / "repository", SAME)
    head = write(tmp_path / "head", CHANGED)

    ran = fairlead("review", base[:12], head, "--repo", tmp_path / "repository", "--format", "json")

    assert (json.loads(ran.stdout)["base"], found(ran)) == (
        base,
        [("rbac-privilege-added", "rbac.yaml", 12)],
    )


def test_nothing_changed_passes(folders: tuple[Path, Path]) -> None:
    ran = fairlead("review", folders[0], folders[0])

    assert (ran.status, ran.stdout) == (
        0,
        "Pass: Nothing found.\n1 resource in 1 environment compared: nothing changed.\n",
    )


def test_the_text_shows_the_line_below_its_file(folders: tuple[Path, Path]) -> None:
    ran = fairlead("review", *folders)

    assert ran.status == 1
    assert ran.stdout.startswith(
        f"rbac.yaml:12: error: {BLOCKING}\n"
        "  │   - {kind: ServiceAccount, name: ci, namespace: shop}\n"
    )
    assert "rbac-privilege-added" in ran.stdout
    assert "\x1b" not in ran.stdout


@pytest.mark.parametrize("form", ["text", "json", "markdown", "sarif", "github"])
def test_the_same_review_is_the_same_bytes(folders: tuple[Path, Path], form: str) -> None:
    first, again = (fairlead("review", *folders, "--format", form) for _ in range(2))

    assert first == again
    assert BLOCKING in first.stdout.replace("`", "")


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_the_output_goes_to_a_file(folders: tuple[Path, Path], tmp_path: Path, form: str) -> None:
    target = tmp_path / "out"

    ran = fairlead("review", *folders, "--format", form, "--output", target)

    shown = fairlead("review", *folders, "--format", form)
    assert (ran.status, ran.stdout, target.read_text()) == (1, "", shown.stdout)


def test_the_policy_of_base_counts_and_never_that_of_head(tmp_path: Path) -> None:
    off = {".github/fairlead.yml": "rules: {rbac-privilege-added: off}\n"}
    commit(tmp_path, SAME)
    commit(tmp_path, {**CHANGED, **off}, "change")

    assert fairlead("review", "main", "change", "--repo", tmp_path).status == 1

    commit(tmp_path, off, "main")

    assert fairlead("review", "main", "change", "--repo", tmp_path).status == 0


def test_the_policy_of_a_base_directory_counts(folders: tuple[Path, Path]) -> None:
    base, head = folders
    write(base, {".github/fairlead.yml": "block: never\n"})

    assert fairlead("review", base, head).status == 0


def test_a_policy_that_is_named_counts_alone(folders: tuple[Path, Path], tmp_path: Path) -> None:
    policy = write(tmp_path, {"policy.yml": "mode: observe\n"}) / "policy.yml"
    for folder in folders:
        write(folder, {".github/fairlead.yml": "nonsense: here\n"})

    ran = fairlead("review", *folders, "--policy", policy)

    assert ran.status == 0
    assert "Pass: Observing: 1 finding would have blocked.\n" in ran.stdout


@pytest.mark.parametrize(
    ("base", "more", "status"),
    [
        ("main", (), 1),
        ("lax", (), 0),
        ("origin/lax", (), 0),
        ("refs/heads/lax", (), 0),
        ("lax~0", (), 1),  # a commit, and no branch
        ("main", ("--branch", "lax"), 0),
        ("lax", ("--branch", "main"), 1),
    ],
)
def test_the_policy_may_speak_of_the_branch_that_base_names(
    tmp_path: Path, base: str, more: tuple[str, ...], status: int
) -> None:
    policy = {".github/fairlead.yml": "branches: [{names: [lax], block: never}]\n"}
    tip = commit(tmp_path, SAME | policy)
    commit(tmp_path, CHANGED, "change")
    for name in ("heads/lax", "remotes/origin/lax"):
        subprocess.run(["git", "update-ref", f"refs/{name}", tip], cwd=tmp_path, check=True)

    assert fairlead("review", base, "change", "--repo", tmp_path, *more).status == status


def test_the_organisation_s_policy_lies_under_the_repository_s(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    base, head = folders
    organisation = write(tmp_path, {"org.yml": "locked: [mode]\nblock: never\n"}) / "org.yml"
    review = ("review", base, head, "--organisation", organisation)

    assert fairlead(*review).status == 0
    loose = write(tmp_path, {"own.yml": "mode: observe\n"}) / "own.yml"
    ran = fairlead(*review, "--policy", loose)
    assert (ran.status, ran.stderr.splitlines()) == (
        2,
        [
            f"fairlead: the policy {loose} is not valid",
            "line 1: mode is locked by the organisation's policy: expected 'enforce'",
        ],
    )
    organisation.write_text("mode: lax\n")
    assert fairlead(*review).stderr.startswith(f"fairlead: the policy {organisation} is not valid")


def test_a_policy_that_is_not_valid_is_refused_with_every_error(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    policy = write(tmp_path, {"policy.yml": "moed: observe\nblock: all\n"}) / "policy.yml"

    assert fairlead("review", *folders, "--policy", policy) == Ran(
        2,
        "",
        f"fairlead: the policy {policy} is not valid\n"
        "line 1: unknown key 'moed', did you mean 'mode'?\n"
        "line 2: block is 'all', expected one of 'error', 'never', 'notice', 'warning'\n",
    )


def test_a_policy_that_is_no_text_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "policy.yml").write_bytes(b"\xff\xfe")

    ran = fairlead("review", *folders, "--policy", tmp_path / "policy.yml")

    assert (ran.status, ran.stderr) == (
        2,
        f"fairlead: the policy {tmp_path / 'policy.yml'} is not UTF-8 text\n",
    )


def test_the_default_namespace_can_be_said(tmp_path: Path) -> None:
    bare = ACCOUNT.replace("  namespace: shop\n", "")
    base = write(tmp_path / "base", {"other.yaml": ACCOUNT})
    head = write(tmp_path / "head", {"other.yaml": ACCOUNT, "new.yaml": bare})

    ran = fairlead("review", base, head, "--format", "json", "--default-namespace", "ops")

    named = [held["resource"] for held in json.loads(ran.stdout)["findings"]]
    assert named == [{"group": "", "kind": "ServiceAccount", "namespace": "ops", "name": "ci"}]


@pytest.mark.parametrize("name", ["Bad_NS", "-a", "", "a" * 64, "a\n"])
def test_a_default_namespace_that_kubernetes_refuses_is_refused(
    folders: tuple[Path, Path], name: str
) -> None:
    ran = fairlead("review", *folders, "--default-namespace", name)

    assert (ran.status, ran.stdout) == (2, "")
    assert f"{name!r} is not the name of a namespace: use at most 63" in ran.stderr


@pytest.mark.parametrize("empty", [0, 1])
def test_one_side_without_any_manifest_is_an_empty_state(
    folders: tuple[Path, Path], tmp_path: Path, empty: int
) -> None:
    sides = list(folders)
    sides[empty] = write(tmp_path / "empty", {"README.md": "nothing here\n"})

    assert fairlead("review", *sides).status == [1, 0][empty]


def test_two_directories_without_any_manifest_are_refused(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", {}), write(tmp_path / "other", {"README.md": "x"})

    assert fairlead("review", one, other) == Ran(
        2,
        "",
        f"fairlead: neither '{one}' nor '{other}' contains a manifest (.yaml, .yml or .json)\n",
    )


def test_a_policy_that_ignores_every_manifest_is_named(tmp_path: Path) -> None:
    policy = {".github/fairlead.yml": "version: 1\nignore: ['**']\n"}
    base, head = write(tmp_path / "base", {**SAME, **policy}), write(tmp_path / "head", SAME)

    assert fairlead("review", base, head) == Ran(
        2, "", "fairlead: every manifest is ignored by the policy (ignore: ['**'])\n"
    )


def test_a_commit_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    commit(tmp_path, SAME)

    ran = fairlead("review", "main", "no-such-branch", "--repo", tmp_path)

    assert ran == Ran(
        2,
        "",
        f"fairlead: 'no-such-branch' is neither a commit of {tmp_path}/.git nor a directory: "
        "fetch the branch first, or name a commit that `git log` shows\n",
    )


@pytest.mark.parametrize(
    ("name", "nearest"), [("mian", "main"), ("relase-1", "release-1"), ("{}/bse", "{}/base")]
)
def test_a_misspelt_commit_or_directory_is_answered_with_the_nearest_name(
    tmp_path: Path, name: str, nearest: str
) -> None:
    repository, folder = tmp_path / "repository", tmp_path / "folder"
    commit(repository, SAME)
    subprocess.run(["git", "-C", repository, "tag", "release-1"], check=True)
    write(folder / "base", SAME)

    ran = fairlead("review", "main", name.format(folder), "--repo", repository)

    assert ran == Ran(
        2,
        "",
        f"fairlead: {name.format(folder)!r} is neither a commit of {repository}/.git nor a "
        f"directory, did you mean {nearest.format(folder)!r}?\n",
    )


def test_an_empty_name_is_not_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script's variable that is not set would compare the commit with whatever lies here."""
    commit(tmp_path, SAME)
    monkeypatch.chdir(tmp_path)

    ran = fairlead("review", "main", "")

    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr.startswith("fairlead: '' is neither a commit of ")


def test_a_repository_without_a_commit_is_named(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)

    for command in (["review", "HEAD~1", "HEAD"], ["backtest"]):
        ran = fairlead(*command, "--repo", tmp_path)
        assert (ran.status, ran.stderr.partition(" nor a directory")[2]) == (
            2,
            ": the repository has no commit yet\n",
        )


def test_a_shallow_clone_says_how_to_get_the_rest(tmp_path: Path) -> None:
    commit(tmp_path / "whole", SAME)
    commit(tmp_path / "whole", {"other.yaml": SAME["rbac.yaml"]})
    whole = (tmp_path / "whole").as_uri()
    subprocess.run(["git", "clone", "-q", "--depth=1", whole, tmp_path / "part"], check=True)

    ran = fairlead("review", "HEAD~1", "HEAD", "--repo", tmp_path / "part")

    assert ran.status == 2
    assert ran.stderr.endswith(
        ": the clone is shallow; run `git fetch --unshallow`, then try again\n"
    )


@pytest.mark.parametrize("name", ["main~5", "HEAD^", "HEAD~1^"])
def test_an_ancestor_beyond_the_first_commit_is_said_to_be_too_far(
    tmp_path: Path, name: str
) -> None:
    commit(tmp_path, SAME)

    ran = fairlead("review", name, "main", "--repo", tmp_path)

    assert ran.status == 2
    start = name[:4]
    assert ran.stderr.endswith(f": the history of {start!r} is shorter\n")


def test_what_looks_like_an_option_of_git_is_no_commit(tmp_path: Path) -> None:
    commit(tmp_path, SAME)

    ran = fairlead("review", "--repo", tmp_path, "--", "--output=x", "main")

    assert (ran.status, ran.stderr.count("\n")) == (2, 1)


def test_neither_directory_nor_repository_is_one_sentence(tmp_path: Path) -> None:
    ran = fairlead("review", "main", "change", "--repo", tmp_path)

    assert ran == Ran(
        2,
        "",
        f"fairlead: 'main' is not a directory, and {str(tmp_path)!r} is not in a git repository: "
        "name one with --repo\n",
    )


def test_what_cannot_be_looked_at_makes_the_review_incomplete(tmp_path: Path) -> None:
    base = write(tmp_path / "base", SAME)
    head = write(tmp_path / "head", SAME)
    (head / "link.yaml").symlink_to("rbac.yaml")

    ran = fairlead("review", base, head)

    assert ran.status == 3
    assert "What could not be reviewed\n  link.yaml: " in ran.stdout
    assert "Incomplete: 1 thing could not be reviewed.\n" in ran.stdout


def test_no_line_of_a_secret_is_shown(tmp_path: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: shop}\n"
    base = write(tmp_path / "base", {"all.yaml": ACCOUNT})
    head = write(
        tmp_path / "head",
        {"all.yaml": f"{ACCOUNT}---\n{ADMIN}---\n{secret}stringData: {{a: hunter2, a: hunter3}}\n"},
    )

    for form in ("text", "json", "markdown", "sarif", "github"):
        ran = fairlead("review", base, head, "--format", form)
        assert (ran.status, "hunter" in ran.stdout + ran.stderr) == (1, False)
        assert "│" not in ran.stdout


def test_the_command_itself_ends_with_the_status(folders: tuple[Path, Path]) -> None:
    """As a process: nothing but the review on standard output, the status for the shell."""
    command = Path(sys.executable).with_name("fairlead")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folders[0].parent)}

    done = subprocess.run(
        [command, "review", *folders, "--format", "github"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("::error file=rbac.yaml,line=12,title=rbac-privilege-added::")


def test_whoever_closes_the_pipe_early_gets_no_complaint(folders: tuple[Path, Path]) -> None:
    command = Path(sys.executable).with_name("fairlead")
    script = f'"{command}" review "{folders[0]}" "{folders[1]}" --format sarif | head -c 1'

    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("{", "")


OVERLAY = "resources:\n- {}/git/team/base//deploy?ref={}\n"


@pytest.mark.parametrize(
    ("options", "environment", "asked"),
    [
        ((), {}, True),
        (("--no-fetch",), {}, False),
        ((), {"FAIRLEAD_FETCH": "false"}, False),
    ],
)
def test_what_lies_elsewhere_is_fetched_unless_one_says_no(
    options: tuple[str, ...],
    environment: dict[str, str],
    *,
    asked: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That nobody is there to answer is enough to see that somebody is asked."""
    with serving() as server:
        base, head = (
            write(tmp_path / name, {"app/kustomization.yaml": OVERLAY.format(server.url, version)})
            for name, version in (("base", "v1.0.0"), ("head", "v1.1.0"))
        )
        stated = {
            "FAIRLEAD_FETCH": "true",
            "FAIRLEAD_FETCH_HOSTS": server.url,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }
        for name, text in (stated | environment).items():
            monkeypatch.setenv(name, text)

        ran = fairlead("review", base, head, "--format", "json", *options)

        assert bool(server.asked) is asked
        fetched = json.loads(ran.stdout)["summary"].get("fetched", [])
        assert [it["version"] for it in fetched] == (["v1.0.0", "v1.1.0"] if asked else [])
        said = f"fairlead: Fetching {server.host}/git/team/base v1.0.0, {server.host}/git/team/base"
        assert ran.stderr == (f"{said} v1.1.0\n" if asked else "")
        assert ran.status == 3


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param({}, "neither 'base' nor 'head' contains a manifest", id="no manifest"),
        pytest.param(
            {".github/fairlead.yml": "version: [\n", "a.yaml": ACCOUNT},
            "the policy .github/fairlead.yml is not valid",
            id="an invalid policy",
        ),
    ],
)
def test_an_error_is_a_document_where_json_was_requested(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for side in ("base", "head"):
        write(tmp_path / side, files)

    ran = fairlead("review", "base", "head", "--format", "json")

    document = json.loads(ran.stdout)
    assert (ran.status, document["schema"], document["status"]) == (2, "fairlead.error/1", 2)
    assert document["message"].startswith(message)
    assert ran.stderr == f"fairlead: {document['message']}\n"


@pytest.mark.parametrize(
    "command",
    [
        ["diff", "main", "HEAD"],
        ["backtest"],
        ["map"],
        ["placements"],
        ["who-can", "get", "secrets"],
        ["grants", "User/jane"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_with_json_gives_its_errors_as_documents(
    tmp_path: Path, command: list[str]
) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)

    ran = fairlead(*command, "--repo", tmp_path, "--format", "json")

    document = json.loads(ran.stdout)
    assert (ran.status, document["schema"], document["status"]) == (2, "fairlead.error/1", 2)
    assert ran.stderr == f"fairlead: {document['message']}\n"


def test_where_a_report_cannot_be_written_json_is_the_error_alone(tmp_path: Path) -> None:
    commit(tmp_path, SAME)
    options = ("--format", "json", "--report", f"sarif={tmp_path}/none/x")

    ran = fairlead("review", "main", "HEAD", "--repo", tmp_path, *options)

    assert (ran.status, json.loads(ran.stdout)["schema"]) == (2, "fairlead.error/1")
