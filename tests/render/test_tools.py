"""The pinned renderers, and those that are found here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bot.core.rendering import Renderer
from bot.render.programs import Binary, pinned, pinned_tools
from bot.render.tools import Unusable, candidates, find
from tests.tools import renderer_tools


def test_every_pinned_tool_has_a_sum_for_each_platform_of_the_image() -> None:
    platforms = {
        tool.name: {held.platform for held in tool.archive if len(held.sha256) == 64}
        for tool in pinned_tools()
    }

    assert platforms == {name: {"linux/amd64", "linux/arm64"} for name in ("kustomize", "helm")}


@pytest.mark.parametrize(("tool", "words"), [("kustomize", ("build",)), ("helm", ("template",))])
def test_a_pinned_renderer_is_found_with_its_version(
    tool: Renderer, words: tuple[str, ...]
) -> None:
    folder = renderer_tools().resolve()

    assert find(tool, [folder]) == Binary(
        tool, pinned(tool).version, (folder / tool).resolve(), pinned=True, words=words
    )


def test_a_link_to_a_renderer_is_what_it_leads_to(tmp_path: Path) -> None:
    real = (renderer_tools() / "helm").resolve()
    (tmp_path / "helm").symlink_to(real)

    found = find("helm", [tmp_path])

    assert found == Binary("helm", pinned("helm").version, real, pinned=True, words=("template",))


def test_a_wrapper_script_is_no_renderer(tmp_path: Path) -> None:
    script = tmp_path / "helm"
    script.write_text("#!/bin/sh\necho v4.2.4\n")
    script.chmod(0o755)

    assert next(candidates("helm", [tmp_path])) == Unusable(
        script, "it is a script, and the sandbox runs no interpreter"
    )


def test_a_program_that_does_not_say_its_version_is_no_renderer(tmp_path: Path) -> None:
    shutil.copy(os.path.realpath("/bin/true"), tmp_path / "helm")

    assert next(candidates("helm", [tmp_path])) == Unusable(
        tmp_path / "helm", "it does not report its version when it runs in the sandbox"
    )


def test_the_path_comes_after_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(renderer_tools()))
    broken = tmp_path / "kustomize"
    broken.write_text("#!/bin/sh\n")
    broken.chmod(0o755)

    found = [held.path for held in candidates("kustomize", [tmp_path])]

    assert found == [broken, (renderer_tools() / "kustomize").resolve()]
