"""Runs a composite GitHub Action on this machine, as a runner does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass
class ActionRun:
    """One run: `context` are the values of expressions, `steps` the status of each that ran."""

    folder: Path
    context: dict[str, str]
    steps: dict[str, int] = field(default_factory=dict)
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


def run_action(
    folder: Path, event: Mapping[str, str], inputs: Mapping[str, str], path: str = ""
) -> ActionRun:
    """Run action.yml. `event` are expressions such as `github.sha`, `inputs` those of `with:`.

    `path` comes before the PATH of the steps.
    """
    action: Any = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    run = ActionRun(folder, {"github.action_path": str(ROOT), **event})
    for name, definition in action["inputs"].items():
        given = inputs.get(name)
        default = _filled(str(definition["default"]), run.context)
        run.context[f"inputs.{name}"] = default if given is None else given
    failed = False
    for number, step in enumerate(action["runs"]["steps"]):
        name = step.get("id", str(number))
        if _wanted(step.get("if"), run.context, failed=failed):
            run.steps[name] = _step(run, name, step, path)
            failed = failed or run.steps[name] != 0
    run.outputs = {
        name: _filled(output["value"], run.context) for name, output in action["outputs"].items()
    }
    return run


def _step(run: ActionRun, name: str, step: Mapping[str, Any], path: str) -> int:
    files = {key: run.folder / f"{key}-{name}" for key in ("GITHUB_OUTPUT", "GITHUB_PATH")}
    for file in files.values():
        file.touch()
    summary = run.folder / "GITHUB_STEP_SUMMARY"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=run.folder,
        env={
            "PATH": f"{path}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(run.folder),
            "RUNNER_TEMP": str(run.folder),
            "GITHUB_STEP_SUMMARY": str(summary),
            **{
                name.replace("github.", "GITHUB_").upper(): value
                for name, value in run.context.items()
                if name in {"github.ref", "github.repository"}
            },
            **{name: str(file) for name, file in files.items()},
            **{key: _filled(str(value), run.context) for key, value in step["env"].items()},
        },
        capture_output=True,
        text=True,
        check=False,
    )
    run.log += done.stdout + done.stderr
    run.summary = summary.read_text("utf-8") if summary.exists() else ""
    for line in files["GITHUB_OUTPUT"].read_text("utf-8").splitlines():
        key, _, value = line.partition("=")
        run.context[f"steps.{name}.outputs.{key}"] = value
    return done.returncode


def _filled(text: str, context: Mapping[str, str]) -> str:
    """A text with its expressions: the first operand of `||` that has a value."""

    def value(match: re.Match[str]) -> str:
        operands = match[1].split(" || ")
        return next((context[name] for name in operands if context.get(name)), "")

    return _EXPRESSION.sub(value, text)


def _wanted(condition: str | None, context: Mapping[str, str], *, failed: bool) -> bool:
    """Whether a step runs: conditions joined by `&&`, of `always()` and comparisons."""
    if condition is None:
        return not failed
    terms = condition.split(" && ")
    comparisons = [term.split() for term in terms if term != "always()"]
    holds = all(
        (context.get(name, "") == text.strip("'")) is (sign == "==")
        for name, sign, text in comparisons
    )
    return holds and ("always()" in terms or not failed)
