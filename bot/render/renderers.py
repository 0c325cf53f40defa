"""Builds a root with kustomize or Helm, the upstream programs, behind one interface."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Final

from bot.core.rendering import Build, Builder, BuildResult, BuildStatus, Release, Renderer
from bot.core.tree import Blobs
from bot.errors import UnbuildableError
from bot.records import dataclass
from bot.render.programs import Binary
from bot.render.run import Ending, Finished, RendererCommand, RunLimits, run
from bot.render.stderr import last_error
from bot.render.workspace import Work, work_folder
from bot.sandbox import SandboxState, proved_state

_KUSTOMIZATION: Final = "kustomization.yaml"

_LIMIT_MESSAGES: Final[Mapping[Ending, str]] = {
    "time": "it took longer than {wall:.0f} seconds",
    "cpu": "it used more than {cpu} seconds of CPU",
    "memory": "it used more than {memory} MiB of memory",
    "output": "it produced more than {output} MiB of output",
}


@dataclass(frozen=True, slots=True)
class Renderers(Builder):
    """Builds roots with the installed programs, each run in a sandbox of its own.

    `binaries` are the installed programs. With `confined`, nothing runs where `sandbox` is not
    complete. Work folders are made in `parent`, or in the system's temporary folder for None.
    """

    blobs: Blobs
    binaries: Mapping[Renderer, Binary]
    limits: RunLimits = field(default_factory=RunLimits)
    confined: bool = True
    sandbox: SandboxState = field(default_factory=proved_state)
    parent: Path | None = None

    def build(self, build: Build) -> BuildResult:
        """The result of a build. Never raises because of the tree's content."""
        binary = self.binaries.get(build.renderer)
        if binary is None:
            return BuildResult(
                "unavailable",
                message=f"{build.renderer} is not installed: run `fairlead tools fetch`",
            )
        if self.confined and not self.sandbox.complete:
            return _unconfined(binary, self.sandbox)
        try:
            with work_folder(self._files(build), self.parent) as work:
                finished = run(_command(build, binary, work), self.limits, confined=self.confined)
                return self._built(finished, binary, build, work)
        except UnbuildableError as error:
            return BuildResult("refused", tool=str(binary), message=str(error))

    def _files(self, build: Build) -> dict[str, bytes]:
        """The closure's files, with the edits in place of the originals."""
        try:
            files = {path: self.blobs.data(blob) for path, blob in build.files.items()}
        except KeyError as error:
            raise UnbuildableError("one of its files is missing from the repository") from error
        files.update({path: text.encode() for path, text in build.edits.items()})
        return files

    def _built(self, finished: Finished, binary: Binary, build: Build, work: Work) -> BuildResult:
        if finished.ending == "done":
            return BuildResult("rendered", finished.output, str(binary))
        if finished.ending == "unconfined":
            return _unconfined(binary, self.sandbox)
        status: BuildStatus = "failed" if finished.ending == "failed" else "limit"
        message = last_error(finished.errors, _display_names(build, work))
        if finished.ending in _LIMIT_MESSAGES:
            message = _LIMIT_MESSAGES[finished.ending].format(
                wall=self.limits.wall,
                cpu=self.limits.cpu,
                memory=self.limits.memory // 2**20,
                output=self.limits.output // 2**20,
            )
        return BuildResult(status, tool=str(binary), message=message)


def _unconfined(binary: Binary, sandbox: SandboxState) -> BuildResult:
    message = f"the sandbox is not complete on this machine ({sandbox})"
    return BuildResult("unavailable", tool=str(binary), message=message)


def _command(build: Build, binary: Binary, work: Work) -> RendererCommand:
    words = _kustomize(build, work) if build.release is None else _helm(build, build.release, work)
    return RendererCommand(
        words=(str(binary.path), *binary.words, *words),
        folder=work.wrapper,
        read=(work.tree, work.wrapper),
        write=(work.scratch,),
    )


def _kustomize(build: Build, work: Work) -> Sequence[str]:
    """Arguments that build a generated kustomization, which lists the root and asks for origins.

    The load restrictor protects files outside the root; the work folder has only the closure's.
    """
    path = f"../{work.tree.name}/{build.root}".rstrip("/")
    (work.wrapper / _KUSTOMIZATION).write_text(
        f"resources: [{_quoted(path)}]\nbuildMetadata: [originAnnotations]\n", encoding="utf-8"
    )
    return ("--load-restrictor", "LoadRestrictionsNone", str(work.wrapper))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _helm(build: Build, release: Release, work: Work) -> Sequence[str]:
    """Arguments of `helm template`, without any that could open a connection.

    Values are always copied to generated files, since `--values` also accepts URLs and lists with
    commas. The name comes after `--`, where it cannot be read as an option.
    """
    words = ["--namespace", release.namespace]
    if release.crds:
        words.append("--include-crds")
    if release.upgrade:
        words.append("--is-upgrade")
    if release.kubernetes is not None:
        words += ["--kube-version", release.kubernetes]
    for version in release.api_versions:
        words += ["--api-versions", version]
    for path in _values(build, release, work):
        words += ["--values", str(path)]
    return (*words, "--", release.name, str(work.tree / build.root))


def _values(build: Build, release: Release, work: Work) -> Iterator[Path]:
    """The release's values in order, each in a generated file."""
    for path in release.values_files:
        if path not in build.files and path not in build.edits:
            raise UnbuildableError(f"the values file {path!r} does not exist")
    texts = (
        *((work.tree / path).read_bytes() for path in release.values_files),
        *(text.encode() for text in release.values),
    )
    for number, text in enumerate(texts):
        target = _values_file(work, number)
        target.write_bytes(text)
        yield target


def _values_file(work: Work, number: int) -> Path:
    return work.wrapper / f"values-{number}.yaml"


def _inline(_: str) -> str:
    return "the release's values"


def _display_names(build: Build, work: Work) -> Mapping[str, str]:
    """What messages call the generated files and folders, by the path that a renderer reports."""
    release = build.release
    values = (*release.values_files, *map(_inline, release.values)) if release else ()
    return {
        **{str(_values_file(work, number)): name for number, name in enumerate(values)},
        f"../{work.tree.name}": "",
        str(work.tree): "",
        str(work.wrapper): "the root",
        str(work.scratch): "",
    }
