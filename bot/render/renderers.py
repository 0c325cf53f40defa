"""The renderers behind one interface: kustomize and Helm, upstream's own programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.core.rendering import Build, Builder, BuildResult, BuildStatus, Release, Renderer
from bot.core.tree import Blobs
from bot.errors import UnbuildableError
from bot.render.run import Ending, Finished, RendererCommand, RunLimits, run
from bot.render.stderr import complaint
from bot.render.tools import Binary
from bot.render.workspace import Work, work_folder
from bot.sandbox import SandboxState, proved_state

_KUSTOMIZATION: Final = "kustomization.yaml"

_LIMIT_MESSAGES: Final[Mapping[Ending, str]] = {
    "time": "it took longer than {wall:.0f} seconds",
    "cpu": "it used more than {cpu} seconds of CPU",
    "memory": "it needed more than {memory} MiB of memory",
    "output": "it gave more than {output} MiB of output",
}


@dataclass(frozen=True, slots=True)
class Renderers(Builder):
    """Builds roots by the programs that were found here, each in a sandbox of its own.

    `binaries` are those that were found; `confined` refuses to run them where the sandbox is not
    complete, which `sandbox` says; `parent` is where work folders are made, None for the system's
    own place.
    """

    blobs: Blobs
    binaries: Mapping[Renderer, Binary]
    limits: RunLimits = field(default_factory=RunLimits)
    confined: bool = True
    sandbox: SandboxState = field(default_factory=proved_state)
    parent: Path | None = None

    def build(self, build: Build) -> BuildResult:
        """What comes of a build. Never raises for what a tree holds."""
        binary = self.binaries.get(build.renderer)
        if binary is None:
            return BuildResult(
                "unavailable",
                message=f"there is no {build.renderer} here: `fairlead tools fetch` brings it",
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
        """The closure's content, with the edits laid over it."""
        try:
            files = {path: self.blobs.data(blob) for path, blob in build.files.items()}
        except KeyError as error:
            raise UnbuildableError("a file of it is not in this repository's objects") from error
        files.update({path: text.encode() for path, text in build.edits.items()})
        return files

    def _built(self, finished: Finished, binary: Binary, build: Build, work: Work) -> BuildResult:
        if finished.ending == "done":
            return BuildResult("rendered", finished.output, str(binary))
        if finished.ending == "unconfined":
            return _unconfined(binary, self.sandbox)
        status: BuildStatus = "failed" if finished.ending == "failed" else "limit"
        message = complaint(finished.errors, _named(build, work))
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
    """Build a kustomization of ours that lists the root and asks for origins.

    The load restrictor guards files outside the root; here there are none but the closure's.
    """
    place = f"../{work.tree.name}/{build.root}".rstrip("/")
    (work.wrapper / _KUSTOMIZATION).write_text(
        f"resources: [{_quoted(place)}]\nbuildMetadata: [originAnnotations]\n", encoding="utf-8"
    )
    return ("--load-restrictor", "LoadRestrictionsNone", str(work.wrapper))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _helm(build: Build, release: Release, work: Work) -> Sequence[str]:
    """`helm template` with everything that could reach out left off.

    Values are always files of ours: `--values` takes a list with commas, and URLs. The name stands
    after `--`, where no word is an option any more.
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
    for place in _values(build, release, work):
        words += ["--values", str(place)]
    return (*words, "--", release.name, str(work.tree / build.root))


def _values(build: Build, release: Release, work: Work) -> Iterator[Path]:
    """The release's values in order, each in a file of ours."""
    for path in release.values_files:
        if path not in build.files and path not in build.edits:
            raise UnbuildableError(f"the values file {path!r} is not there")
    texts = (
        *((work.tree / path).read_bytes() for path in release.values_files),
        *(text.encode() for text in release.values),
    )
    for number, text in enumerate(texts):
        held = _values_file(work, number)
        held.write_bytes(text)
        yield held


def _values_file(work: Work, number: int) -> Path:
    return work.wrapper / f"values-{number}.yaml"


def _inline(_: str) -> str:
    return "the release's values"


def _named(build: Build, work: Work) -> Mapping[str, str]:
    """What a person calls our files and folders, by the path that a renderer reports."""
    release = build.release
    values = (*release.values_files, *map(_inline, release.values)) if release else ()
    return {
        **{str(_values_file(work, number)): name for number, name in enumerate(values)},
        f"../{work.tree.name}": "",
        str(work.tree): "",
        str(work.wrapper): "the root",
        str(work.scratch): "",
    }
