"""The renderers behind one interface: kustomize and Helm, upstream's own programs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.core.rendering import Build, Built, Release, Renderer, Status
from bot.core.tree import Blobs
from bot.errors import UnbuildableError
from bot.render.run import Command, Ending, Finished, Limits, run
from bot.render.tools import Binary
from bot.render.work import Work, work_folder

_KUSTOMIZATION: Final = "kustomization.yaml"
_LONGEST_MESSAGE: Final = 400
_OPTIONS_FOLDER: Final = "values"

_LIMIT_MESSAGES: Final[Mapping[Ending, str]] = {
    "time": "it took longer than {wall:.0f} seconds",
    "cpu": "it used more than {cpu} seconds of CPU",
    "memory": "it needed more than {memory} MiB of memory",
    "output": "it gave more than {output} MiB of output",
}


@dataclass(frozen=True, slots=True)
class Renderers:
    """Builds roots by the programs that were found here, each in a sandbox of its own.

    `binaries` are those that were found; `confined` refuses to run them where the sandbox is not
    complete; `parent` is where work folders are made, None for the system's own place.
    """

    blobs: Blobs
    binaries: Mapping[Renderer, Binary]
    limits: Limits = field(default_factory=Limits)
    confined: bool = True
    parent: Path | None = None

    def build(self, build: Build) -> Built:
        """What comes of a build. Never raises for what a tree holds."""
        binary = self.binaries.get(build.renderer)
        if binary is None:
            return Built(
                "unavailable",
                message=f"there is no {build.renderer} here: `fairlead tools fetch` brings it",
            )
        try:
            with work_folder(self._files(build), self.parent) as work:
                finished = run(_command(build, binary, work), self.limits, confined=self.confined)
                return self._built(finished, binary, work)
        except UnbuildableError as error:
            return Built("refused", tool=str(binary), message=str(error))

    def _files(self, build: Build) -> dict[str, bytes]:
        """The closure's content, with the edits laid over it."""
        try:
            files = {path: self.blobs.data(blob) for path, blob in build.files.items()}
        except KeyError as error:
            raise UnbuildableError("a file of it is not in this repository's objects") from error
        files.update({path: text.encode() for path, text in build.edits.items()})
        return files

    def _built(self, finished: Finished, binary: Binary, work: Work) -> Built:
        if finished.ending == "done":
            return Built("rendered", finished.output, str(binary))
        status: Status = "failed" if finished.ending == "failed" else "limit"
        message = _complaint(finished.errors, work)
        if finished.ending in _LIMIT_MESSAGES:
            message = _LIMIT_MESSAGES[finished.ending].format(
                wall=self.limits.wall,
                cpu=self.limits.cpu,
                memory=self.limits.memory // 2**20,
                output=self.limits.output // 2**20,
            )
        if finished.ending == "unconfined":
            status, message = "unavailable", "the sandbox is not complete on this machine"
        return Built(status, tool=str(binary), message=message)


def _command(build: Build, binary: Binary, work: Work) -> Command:
    words = _kustomize(build, work) if build.release is None else _helm(build, build.release, work)
    return Command(
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
    """`helm template` with everything that could reach out left off."""
    words = [release.name, str(work.tree / build.root)]
    words += ["--namespace", release.namespace]
    if release.crds:
        words.append("--include-crds")
    if release.upgrade:
        words.append("--is-upgrade")
    if release.kubernetes is not None:
        words += ["--kube-version", release.kubernetes]
    for version in release.api_versions:
        words += ["--api-versions", version]
    for path in release.values_files:
        words += ["--values", str(work.tree / path)]
    for number, text in enumerate(release.values):
        held = work.wrapper / f"{_OPTIONS_FOLDER}-{number}.yaml"
        held.write_text(text, encoding="utf-8")
        words += ["--values", str(held)]
    return words


def _complaint(errors: str, work: Work) -> str:
    """The last of what a renderer complained, without our folders, in one line."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    said = lines[-1] if lines else "it gave no reason"
    for folder, name in ((work.tree, ""), (work.wrapper, "the root"), (work.scratch, "")):
        said = said.replace(f"{folder}/", "").replace(str(folder), name)
    said = re.sub(r"^(?:Error|error): ", "", said)
    return said if len(said) <= _LONGEST_MESSAGE else said[: _LONGEST_MESSAGE - 1] + "…"
