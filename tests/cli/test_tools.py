"""`fairlead tools`: what is here, and how the rest is brought."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.render.install import build
from bot.render.programs import pinned
from bot.sandbox import proved_state
from bot.settings import tool_folders
from tests.cli.running import Ran, fairlead
from tests.tools import renderer_tools

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def tools() -> Path:
    """The pinned renderers, made ready before a test changes what they are found by."""
    return renderer_tools().resolve()


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any renderer, and the folder that the operator names for them."""
    for name in ("DATA_DIR", "XDG_CACHE_HOME", "FAIRLEAD_TOOLS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("FAIRLEAD_TOOLS", str(tmp_path / "tools"))
    return tmp_path / "tools"


def test_what_is_not_here_is_said_with_how_to_bring_it(empty: Path) -> None:
    del empty
    text = "".join(
        f"{name} (pinned: {pinned(name).version})\n  not found: run `fairlead tools fetch`\n"
        for name in ("kustomize", "helm")
    )
    text += (
        f"validator (pinned: {pinned('validator').version})\n"
        "  not found: run `fairlead tools fetch --build`\n"
    )

    assert fairlead("tools", "list") == Ran(0, f"{text}sandbox: {proved_state()}\n", "")


def test_everything_of_the_name_is_listed_in_the_order_of_use(
    tools: Path, empty: Path, tmp_path: Path
) -> None:
    script = empty / "helm"
    empty.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    (tmp_path / "bin").symlink_to(tools)

    said = fairlead("tools", "list").stdout.splitlines()[:-1]

    assert said == [
        "kustomize (pinned: 5.8.1)",
        f"  {(tools / 'kustomize').resolve()}: 5.8.1, the pinned version",
        "helm (pinned: 4.2.4)",
        f"  {script}: not used: it is a script, and the sandbox runs no interpreter",
        f"  {(tools / 'helm').resolve()}: 4.2.4, the pinned version",
        f"validator (pinned: {pinned('validator').version})",
        "  not found: run `fairlead tools fetch --build`",
    ]


def test_what_is_there_is_not_fetched_again(tools: Path, empty: Path) -> None:
    shutil.copytree(tools, empty)

    assert fairlead("tools", "fetch") == Ran(
        0, f"kustomize 5.8.1 is in {empty}\nhelm 4.2.4 is in {empty}\n", ""
    )


def test_without_go_nothing_can_be_built(empty: Path) -> None:
    ran = fairlead("tools", "fetch", "--build")

    assert (ran.status, ran.stdout, list(empty.parent.rglob("kustomize"))) == (2, "", [])
    assert "--build needs Go, which is not on the PATH" in ran.stderr


@pytest.mark.parametrize(
    ("environment", "folders"),
    [
        pytest.param(
            {"FAIRLEAD_TOOLS": "/t", "DATA_DIR": "/d", "XDG_CACHE_HOME": "/c"},
            ("/t", "/d/tools", "/c/fairlead/tools"),
            id="all",
        ),
        pytest.param(
            {"XDG_CACHE_HOME": "/c"},
            ("/c/fairlead/tools",),
            id="a person's own",
        ),
    ],
)
def test_renderers_are_looked_for_where_they_are_brought(
    environment: dict[str, str], folders: tuple[str, ...]
) -> None:
    found = tool_folders(environment)
    assert found[: len(folders)] == tuple(map(Path, folders))
    assert {path.parent for path in found[len(folders) :]} <= {CHECKOUT / ".tools"}


@pytest.mark.usefixtures("tools")
def test_what_a_checkout_built_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATA_DIR", "FAIRLEAD_TOOLS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built = [path for path in (CHECKOUT / ".tools").glob("*") if path.is_dir()]
    assert sorted(tool_folders()[1:]) == sorted(built)


OVERLAY = {
    "app/kustomization.yaml": "namePrefix: {}-\nresources: [a.yaml]\n",
    "app/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n",
}


@pytest.mark.usefixtures("empty")
def test_a_review_that_lacks_a_renderer_says_how_to_install_it(tmp_path: Path) -> None:
    for side in ("base", "head"):
        for path, text in OVERLAY.items():
            (tmp_path / side / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / side / path).write_text(text.format(side))

    ran = fairlead("review", str(tmp_path / "base"), str(tmp_path / "head"))

    assert ran.status == 3
    assert ran.stderr.splitlines()[-1] == (
        "fairlead: kustomize is not installed, so the review is incomplete; "
        "`fairlead tools fetch` installs the pinned versions"
    )


def test_a_build_tells_its_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "go"
    go.write_text(
        "#!/bin/sh\necho $3 > $GOBIN/arguments\n"
        "echo go: downloading k8s.io/api v1 >&2\necho k8s.io/api/core/v1 >&2\necho helm.sh/x >&2\n"
        "cp /bin/true $GOBIN/helm\n"
    )
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    steps: list[str] = []

    build(pinned("helm"), tmp_path / "tools", steps.append)

    assert steps == [
        "downloading k8s.io/api v1",
        "1 packages compiled, now k8s.io/api/core/v1",
        "2 packages compiled, now helm.sh/x",
    ]
    limit = (tmp_path / "tools" / "arguments").read_text().strip()
    assert limit in {f"-p={number}" for number in (1, 2, 3, 4)}
