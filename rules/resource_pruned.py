"""See resource_pruned.md."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind
from bot.core.state import State
from bot.kubernetes.apply.handling import setting_in_words
from bot.kubernetes.apply.pruning import Removed, removed
from bot.kubernetes.apply.unprotected import Unprotected, newly_unprotected
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "resource"


@dataclass(frozen=True, slots=True)
class Options:
    """`kinds`: those whose removal is said, as `Kind` or `group/Kind`."""

    kinds: tuple[str, ...] = (
        "Namespace",
        "PersistentVolumeClaim",
        "apps/StatefulSet",
        "apiextensions.k8s.io/CustomResourceDefinition",
    )


def compare(before: State, after: State, options: Options) -> Iterator[Finding]:
    for removal in removed(before, after, frozenset(options.kinds)):
        if removal.fate == "left":
            continue
        severity = Severity.WARNING if removal.fate == "confirmed" else Severity.ERROR
        node = removal.resource.at("metadata", "name")
        yield Finding(node, _message(removal), severity, side="LEFT")
    for unprotected in newly_unprotected(before, after, frozenset(options.kinds)):
        yield Finding(unprotected.mark, _not_kept(unprotected), key="not kept")


def _not_kept(unprotected: Unprotected) -> str:
    mark, resource = unprotected.mark, unprotected.mark.resource
    words = setting_in_words(mark, resource.key)
    by = "" if unprotected.is_own else f" because of {unprotected.handling.words(resource)}"
    return (
        f"{str_of(resource)} is not kept by {words}, which does not reach the existing "
        f"object{by}: whoever removes the manifest later deletes it without a review"
    )


def _message(removal: Removed) -> str:
    what = str_of(removal.resource)
    if removal.hook:
        when = "if it is pruned, " if removal.fate == "unknown" else ""
        return (
            f"{what} becomes a hook, which deletes the object that is there: {when}{removal.loss}"
        )
    if removal.owner is not None:
        when = " once somebody confirms it" if removal.fate == "confirmed" else ""
        return f"{what} is deleted{when} with its owner {removal.owner.key}: {removal.loss}"
    match removal.fate:
        case "pruned":
            return f"{what} is removed and will be pruned: {removal.loss}"
        case "confirmed":
            return f"{what} is removed and pruned when somebody confirms it: {removal.loss}"
        case _:
            return f"{what} is removed: if it is pruned, {removal.loss}"
