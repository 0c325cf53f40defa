"""Commands as people run them, without leaving the process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from bot.cli import cli

ACCOUNT = """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: ci
  namespace: shop
"""
ADMIN = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ci}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects:
  - {kind: ServiceAccount, name: ci, namespace: shop}
"""
BLOCKING = "ServiceAccount shop/ci can now do everything in the cluster"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said, and how it ended."""

    status: int
    stdout: str
    stderr: str


def fairlead(*arguments: str | Path, given: str | None = None) -> Ran:
    """Run a command of the command line."""
    done = CliRunner().invoke(cli, [str(held) for held in arguments], input=given)
    return Ran(done.exit_code, done.stdout, done.stderr)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Put files into a folder, which need not be there."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    return folder


def commit(repository: Path, files: Mapping[str, str], branch: str = "main") -> str:
    """Commit these files on a branch, which need not be there; the commit's id."""
    if not (repository / ".git").exists():
        repository.mkdir(parents=True, exist_ok=True)
        _git(repository, "init", "--quiet", "--initial-branch", branch)
    elif _git(repository, "branch", "--list", branch):
        _git(repository, "switch", "--quiet", branch)
    else:
        _git(repository, "switch", "--quiet", "--create", branch)
    write(repository, files)
    _git(repository, "add", "--all")
    _git(repository, "commit", "--quiet", "--allow-empty", "--message", "a change")
    return _git(repository, "rev-parse", "HEAD")


def _git(repository: Path, *arguments: str) -> str:
    who = {
        f"GIT_{role}_{what}": "a@example.com"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **who,
    }
    done = subprocess.run(
        ["git", "-C", repository, *arguments],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
