"""Changed files that hold manifests in a form that Fairlead does not read.

Manifests are regular `*.yaml`, `*.yml` and `*.json` files outside dot-directories and ignored
paths. Helmfiles, templates outside charts and programs that generate manifests are none, but their
output is applied: a change of one is a problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bot.core.engine.review import ProblemSubject
from bot.core.finding import Side
from bot.core.states.problems import Trouble
from bot.core.states.roots.closures import Manifests
from bot.core.states.roots.files import (
    MANIFEST_SUFFIXES,
    Files,
    base_name,
    differing,
    owning_chart,
)
from bot.core.tree import Blobs, File
from bot.patterns import pattern
from bot.records import dataclass

_LEFT: Final[Side] = "LEFT"
_RIGHT: Final[Side] = "RIGHT"
_LARGEST: Final = 16 << 20
_MOST_LISTED: Final = 5
_HELMFILE: Final = pattern(r"helmfile[\w.-]*\.ya?ml(?:\.gotmpl)?|helmfile\.gotmpl", re.ASCII)
_HELMFILES: Final = "helmfile.d"
_TEMPLATE_SUFFIXES: Final = (
    *(".tmpl", ".tpl", ".gotmpl", ".gotpl", ".j2", ".jinja", ".jinja2", ".erb", ".mustache"),
    *(".template", ".tftpl", ".ytt"),
)
_TEMPLATE_NAMES: Final = tuple(
    f"{mark}{suffix}" for mark in (".tmpl", ".tpl", ".template") for suffix in MANIFEST_SUFFIXES
)
_PROGRAMS: Final = {".jsonnet": "Jsonnet", ".libsonnet": "Jsonnet", ".cue": "CUE", ".k": "KCL"}
_TEMPLATE: Final = "is a template outside a chart, so its output is not known"
_VERSION: Final = pattern(r"(?m)^[\s\-{\"']*apiVersion['\"]?\s*:")
_KIND: Final = pattern(r"(?m)^[\s\-{\"']*kind['\"]?\s*:")
_ACTION: Final = pattern(r"\{\{|\{%|<%|\$\{|\(@|#@")


@dataclass(frozen=True, slots=True)
class _UnreadFile:
    """A changed file that is not read, the side that has it, and its content ids."""

    path: str
    side: Side
    contents: tuple[str, ...]


def unread_files(base: Files, head: Files, manifests: Manifests, blobs: Blobs) -> Iterator[Trouble]:
    """Yield the problems that changed files of `head` or removed ones of `base` are not read.

    Files that are not read for the same reason are one problem.
    """
    groups: dict[tuple[str, Side, bool], list[_UnreadFile]] = {}
    for path in sorted(differing(base.all, head.all)):
        old, new = base.all.get(path), head.all.get(path)
        why, side = "", _RIGHT
        if new is not None:
            why = _why(path, new, head, manifests, blobs)
        elif old is not None:
            why = _why(path, old, base, manifests, blobs)
            side = _LEFT
        if why:
            contents = tuple(file.blob for file in (old, new) if file is not None)
            group = groups.setdefault((why, side, old is None), [])
            group.append(_UnreadFile(path, side, contents))
    for (why, _, is_new), files in groups.items():
        yield _trouble(files, why, new=is_new)


def _why(path: str, file: File, files: Files, manifests: Manifests, blobs: Blobs) -> str:
    """Return why a file is not read, empty for one that is read or is no manifest."""
    if owning_chart(path, frozenset(files.charts)) is not None:
        return ""
    if _HELMFILE.fullmatch(base_name(path)) or _is_in_helmfiles(path):
        return "is a helmfile, which Fairlead does not build"
    if path in files.manifests:
        manifest = manifests.manifest(file)
        if manifest.template:
            return _TEMPLATE if manifest.resembles else ""
    return _by_name(path, file, blobs)


def _by_name(path: str, file: File, blobs: Blobs) -> str:
    """Return why a file with the name of a template or of a program is not read."""
    language = next((held for suffix, held in _PROGRAMS.items() if path.endswith(suffix)), "")
    template = path.endswith((*_TEMPLATE_SUFFIXES, *_TEMPLATE_NAMES))
    if not language and not template:
        return ""
    if file.size > _LARGEST:
        return "is a template or program that is too large to be read"
    text = _text(file, blobs)
    if language and "apiVersion" in text and "kind" in text:
        return f"is {language}, which Fairlead does not evaluate, so its output is not known"
    if language or not (_VERSION.search(text) and _KIND.search(text)):
        return ""
    is_plain = path.endswith(MANIFEST_SUFFIXES) and not _ACTION.search(text)
    return "" if is_plain else _TEMPLATE


def _is_in_helmfiles(path: str) -> bool:
    return f"/{path}".rpartition("/")[0].endswith(f"/{_HELMFILES}") and path.endswith(
        (".yaml", ".yml", ".gotmpl")
    )


def _text(file: File, blobs: Blobs) -> str:
    try:
        return blobs.data(file.blob).decode("utf-8", "replace")
    except KeyError:
        return ""


def _trouble(files: list[_UnreadFile], why: str, *, new: bool) -> Trouble:
    """Return one problem for the files that are not read for one reason."""
    first, *others = files
    what, it = first.path, "it"
    if others:
        more = f" and {len(others) - _MOST_LISTED} more" if len(others) > _MOST_LISTED else ""
        listed = ", ".join(file.path for file in others[:_MOST_LISTED])
        what, it = f"{first.path} and {len(others)} more ({listed}{more}): each", "them"
    advice = (
        f"list {it} under `ignore:` in the policy if nothing applies {it}, or review {it} by hand"
    )
    contents = first.contents
    if others:
        contents = tuple(part for file in files for part in (file.path, *file.contents))
    subject = ProblemSubject(first.path, contents)
    message = f"{what} {why}: {advice}"
    return Trouble("unjudged", new, first.path, first.side, message, subject=subject)
