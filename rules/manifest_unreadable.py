"""Manifests that the cluster's tools refuse, or that are too large to be read to the end."""

from collections.abc import Iterator

from bot.core.finding import FileLine, Finding, Severity
from bot.core.manifest import ManifestFile, ReadError
from bot.core.reading.changes import new_hazards, touched_files
from bot.core.resource import GroupKind
from bot.core.state import State

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = ()


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for old, new in touched_files(before, after):
        error = new.reading.error
        if error is not None and _is_new(error, old, new):
            flag, message = _flag_and_message(error, new)
            yield Finding(FileLine(new.path, error.line), message, key=flag, facts={"flag": flag})
    yield from _refused_releases(before, after)


def _refused_releases(before: State, after: State) -> Iterator[Finding]:
    """The releases that fail because Flux cannot read the output of their chart."""
    known = {(old.node.resource.key, old.reason) for old in before.refused_releases}
    for refused in after.refused_releases:
        owner = refused.node.resource.key
        if (owner, refused.reason) not in known:
            message = (
                f"{owner} fails: Flux refuses the output of its chart, although Helm accepts it: "
                f"{refused.reason}"
            )
            flag = "rejected-by-flux"
            yield Finding(refused.node, message, key=flag, facts={"flag": flag})


def _is_new(error: ReadError, old: ManifestFile | None, new: ManifestFile) -> bool:
    """Whether the change made the file unreadable, and nothing else says so on the line."""
    if error.line is None and not error.limit:
        return False  # the content is missing: nothing was refused
    at_base = old.reading.error if old else None
    if at_base is not None and at_base.message == error.message:
        return False
    if new.manifest.template and (old is None or at_base is not None):
        return False
    counts = new.manifest.resembles or bool(new.reading.objects) or old is not None
    return counts and all(hazard.line != error.line for hazard in new_hazards(old, new))


def _flag_and_message(error: ReadError, file: ManifestFile) -> tuple[str, str]:
    if error.limit:
        return (
            "limit",
            f"this file is not read from here on, since it exceeds a limit: {error.message}",
        )
    reader = "kustomize" if file.kustomize else "kubectl"
    return f"rejected-by-{reader}", f"{reader} refuses this file from here on: {error.message}"
