"""Problems: symlinks, submodules and pointers, behind which nothing is read."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.core.engine.review import ProblemSubject
from bot.core.states.placements.applied import Applied
from bot.core.states.problems import Trouble
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.files import MANIFEST_SUFFIXES, SUBMODULE, Files, base_name, directory
from bot.core.states.roots.paths import Paths
from bot.core.tree import File
from bot.errors import UnbuildableError


def links_of(files: Files, manifests: Manifests) -> Iterator[tuple[str, File]]:
    """The symlinks and submodules of a tree behind which there may be manifests.

    A symlink to a file that is not read where it lies stands for that too: its content is what a
    tool applies at the link.
    """
    paths = Paths(files.tree, manifests.link)
    for path, link in files.links.items():
        if _concerns(path, link, files, manifests):
            target = _target(path, files, paths) if link.mode != SUBMODULE else None
            yield path, link if target is None else replace(link, blob=f"{link.blob} {target.blob}")


def _target(path: str, files: Files, paths: Paths) -> File | None:
    """The file that a symlink leads to, unless it is read where it lies."""
    try:
        own_path = paths.real(path)
    except UnbuildableError:
        return None
    is_read = own_path in files.all and own_path.endswith(MANIFEST_SUFFIXES)
    return None if is_read else paths.file(own_path)


def unreadable(base: Mapping[str, File], head: Mapping[str, File]) -> Iterator[Trouble]:
    """The symlinks and submodules that differ. What is behind one at head is never base's."""
    for path in sorted({*base, *head}):
        before, after = base.get(path), head.get(path)
        if after is not None and after != before:
            message, subject = _link_message(path, after), _file_subject(path, before, after)
            yield Trouble("unreadable", True, path, "RIGHT", message, subject=subject)
        elif before is not None and after is None:
            subject = _file_subject(path, before, after)
            yield Trouble("unreadable", False, path, "LEFT", _gone(path), subject=subject)


def left_out(base: Mapping[str, File], head: Mapping[str, File]) -> Iterator[Trouble]:
    """Files of the repository where what was fetched is put, which hides them: named once."""
    changed = [path for path, file in sorted(head.items()) if base.get(path) != file]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        message = (
            f"{changed[0]}{more} is not reviewed: Fairlead stores fetched sources under this path"
        )
        new = any(path not in base for path in changed)
        inputs = [part for path in changed for part in (path, head[path].blob)]
        subject = ProblemSubject("reserved", tuple(inputs))
        yield Trouble("unreadable", new, changed[0], "RIGHT", message, subject=subject)


def pointers(base: Mapping[str, Applied], head: Mapping[str, Applied]) -> Iterator[Trouble]:
    """Git LFS pointers that differ, by the file's path."""
    old = _pointers(base)
    for path, blob in sorted(_pointers(head).items()):
        if old.get(path) != blob:
            message = (
                f"{path} is a Git LFS pointer, whose content is not in the repository: keep "
                "manifests out of Git LFS"
            )
            subject = ProblemSubject(path, (old.get(path, ""), blob))
            yield Trouble("unreadable", True, path, "RIGHT", message, subject=subject)
    for path in sorted({*old} - {*_pointers(head)}):
        message = f"{path} was a Git LFS pointer, so what this change replaces is not known"
        subject = ProblemSubject(path, (old[path], "gone"))
        yield Trouble("unreadable", False, path, "LEFT", message, subject=subject)


def _file_subject(path: str, before: File | None, after: File | None) -> ProblemSubject:
    blobs = (file.blob if file is not None else "" for file in (before, after))
    return ProblemSubject(path, (path, *blobs))


def _pointers(roots: Mapping[str, Applied]) -> Mapping[str, str]:
    return {
        path: file.blob
        for applied in roots.values()
        for path, file in applied.files.items()
        if file.manifest.pointer
    }


def _concerns(path: str, link: File, files: Files, manifests: Manifests) -> bool:
    """Whether there may be manifests behind a link.

    A submodule may hold any; so may a symlink named like a manifest, or one to a directory.
    """
    if link.mode == SUBMODULE or path.endswith(MANIFEST_SUFFIXES):
        return True
    try:
        target = manifests.link(link)
    except KeyError:
        return True
    place = posixpath.normpath(posixpath.join(directory(path), target))
    if place in files.all:
        return False
    inside = "" if place == "." else f"{place}/"
    if any(listed.startswith(inside) for listed in files.manifests):
        return True
    return f"{place}/".startswith(("../", "/")) and "." not in base_name(path)


def _link_message(path: str, link: File) -> str:
    if link.mode == SUBMODULE:
        return (
            f"{path} is a submodule, which Fairlead does not follow: review the other repository "
            "itself"
        )
    return f"{path} is a symlink, which Fairlead does not follow: replace it with the file itself"


def _gone(path: str) -> str:
    return f"{path} was a symlink or submodule, so what this change removes is not known"
