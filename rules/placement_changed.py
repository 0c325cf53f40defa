"""See placement_changed.md."""

from collections.abc import Iterator, Mapping

from bot.core.finding import FileLine, Finding, Severity
from bot.core.placement_change import PlacementChange
from bot.core.resource import GroupKind, Node, Resource, route_text
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.apply.carriers.guards import located
from bot.kubernetes.apply.carriers.scope import ScopeChange, scope_changes
from bot.kubernetes.apply.idle.build_settings import changed_builds
from bot.kubernetes.apply.idle.failing_owners import newly_undecrypted
from bot.kubernetes.apply.idle.idle_owners import is_pause
from bot.kubernetes.apply.idle.ignored_by_settings import newly_unnoticed
from bot.kubernetes.apply.idle.unapplied_settings import newly_unapplied
from bot.kubernetes.apply.idle.unmet_dependencies import may_exist, needed_value
from bot.kubernetes.apply.kept import kept_once
from bot.kubernetes.apply.limit_changes import LimitChange, limit_change
from bot.kubernetes.apply.owner_references import newly_expiring, newly_owned
from bot.kubernetes.apply.received import Unreceived, unreceived_guards
from bot.kubernetes.gitops.overlaps import overlaps
from bot.kubernetes.gitops.owners import OWNERS
from bot.kubernetes.gitops.redirections import applies_only_to, exclusions, redirections
from bot.kubernetes.gitops.retention import SOURCES, Retention, leaves_out, retentions

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "environment"

_LOST: Mapping[LimitChange, str] = {
    "tighter": "what it newly refuses stays allowed",
    "unknown": "its change does not reach the cluster",
}
# Most of these say nothing of what their deletion leaves behind.
_UNASKED = (kinds.APPLICATION, *kinds.CONFIG_SYNCS)
_RETENTIONS: Mapping[Retention, str] = {
    "pruning": "does not prune: a manifest that a later change removes leaves its object in the "
    "cluster, and no review will report the loss",
    "deletion": "leaves what it applied in the cluster when it is removed itself, and no review "
    "will report the loss",
    "confirmation": "waits for a person before it deletes anything, and reviews will only warn",
}


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for change in after.placement_changes:
        yield from _changed(change, after)
    for overlap in overlaps(before, after):
        yield Finding(
            overlap.field,
            f"{overlap.owner.key} applies {overlap.place} as well, which {overlap.other.key} "
            f"applies, and alters it with {route_text(overlap.field.route)}: one of the two hides "
            "what the other applies",
            key=f"overlaps {overlap.place}",
            facts={"root": overlap.place, "field": route_text(overlap.field.route)},
        )
    for unreceived in unreceived_guards(before, after):
        yield from _unreceived(unreceived, before, after)
    for scope in scope_changes(before, after):
        yield _scope(scope)
    for owned in newly_owned(before, after):
        yield Finding(
            owned,
            f"{owned.resource.key} newly has owners: it is deleted if none of them exists",
            key="has owners",
        )
    staying = kept_once(before, after)
    for role in staying.roles if staying is not None else ():
        yield Finding(
            role.at("metadata", "name"),
            f"A later binding to {role.key} would be judged without its rules",
            key="outlives its manifest",
            side="LEFT",
        )
    for label in newly_expiring(before, after):
        yield Finding(
            label,
            f"{label.resource.key} will be deleted at the time set by its label {label.route[-1]}",
            key="expires",
        )
    yield from _unapplied(before, after)
    for difference in changes(before, after, *OWNERS, *SOURCES):
        if difference.before is not None and difference.after is not None:
            yield from _moved(difference.before, difference.after, before)
            yield from _left_out(difference.before, difference.after)
            yield from _retained(difference.before, difference.after)


def _unapplied(before: State, after: State) -> Iterator[Finding]:
    """The settings by which a tool newly applies less than its source, or something else."""
    for difference in changes(before, after, *OWNERS, *SOURCES):
        for node, effect in newly_unapplied(difference, before, after):
            yield Finding(node, f"{difference.key} {effect}", key=effect)
    for difference in changes(before, after, kinds.CONFIG_MAP):
        for node, effect in newly_unnoticed(difference):
            yield Finding(node, f"{difference.key} {effect}", key=effect)
        for node, effect in changed_builds(difference):
            yield Finding(node, f"{difference.key} {effect}", Severity.WARNING, key=effect)
    for failing in newly_undecrypted(before, after):
        is_removed = failing.decryption.exists
        yield Finding(
            failing.decryption if is_removed else failing.field,
            f"{failing.owner.key} no longer applies its source: {failing.field.resource.key} is "
            "encrypted by SOPS, and the Kustomization has no `decryption`",
            key=f"{failing.owner.key} is undecrypted",
            side="LEFT" if is_removed else "RIGHT",
        )


def _unreceived(difference: Unreceived, before: State, after: State) -> Iterator[Finding]:
    """An object that limits others, or its change, which no tool applies."""
    resource, field = difference.resource, difference.handling.field
    words = difference.handling.words(resource)
    severity = SEVERITY
    if difference.handling.manner == "deselected":
        lost = f"may be deleted because of {words}: what it refuses is then allowed"
        key = f"deselected {resource.key}"
    elif difference.received is None:
        if not _replaces(resource, before, after):
            if may_exist(field, before):
                return
            severity = _of_new(field, before)
        never = "may never be" if difference.handling.manner == "uncertain" else "is never"
        never = "is not" if severity is Severity.NOTICE else never
        lost = f"{never} created because of {words}: what it refuses stays allowed{_by_hand(field)}"
        key = f"never created {resource.key}"
    else:
        does = limit_change(difference.received, resource)
        if does not in _LOST:
            return
        lost = f"is not updated because of {words}: {_LOST[does]}"
        key = f"not updated {resource.key}"
    is_own = field.resource is resource or difference.handling.manner == "deselected"
    node = field if is_own else resource.at("metadata", "name")
    yield Finding(node, f"{resource.key} {lost}", severity, key=key)


def _by_hand(field: Node) -> str:
    """What to do where a person creates what no manifest here does, as is usual for Secrets."""
    value = needed_value(field)
    if value is None:
        return ""
    name = f"{value.kind.kind}/{value.namespace}/{value.name}"
    return f"; if {name} is created by hand, create it before the merge and accept this finding"


def _of_new(field: Node, before: State) -> Severity:
    """How much it matters that a guard is not created which makes up for none of base.

    Whoever added it meant it to refuse something. It waits for an owner that base pauses, and the
    project of an Application may come from another repository.
    """
    old = before.get(field.resource.key)
    if old is not None and is_pause(field) and old.at(*map(str, field.route)).value == field.value:
        return Severity.NOTICE
    return Severity.WARNING if field.route == ("spec", "project") else SEVERITY


def _scope(change: ScopeChange) -> Finding:
    """A carrier that may no longer apply the guard in it."""
    field, guard = change.field, located(change.guard)
    does = f"changes {route_text(field.route)}, which decides where"
    if field.route == ("metadata", "name"):
        does = "is no longer placed as at base, which decides where"
    return Finding(
        field,
        f"{field.resource.key} {does} {guard} is applied: it may be lost",
        key=f"scope {route_text(field.route)} of {change.guard.key}",
    )


def _replaces(resource: Resource, before: State, after: State) -> bool:
    """Whether base has an object that limits others, and that this one may replace."""
    removed = (change.after is None for change in changes(before, after, resource.group_kind))
    return before.get(resource.key) is not None or any(removed)


def _changed(change: PlacementChange, after: State) -> Iterator[Finding]:
    """What is built in another way than base's own content says."""
    node, place = change.node, change.place or "."
    if isinstance(node, FileLine):
        yield Finding(
            node,
            f"{node.path} leaves files out of what is applied from {place}",
            key=f"leaves out of {place}",
            facts={"root": place},
        )
        return
    owner = node.resource
    if change.unbuilt:
        yield Finding(
            node,
            f"{owner.key} builds {place} in another way than before, and head's content "
            "cannot be built as before: what this hides is not known",
            key=f"rebuilds {place}",
            facts={"root": place},
        )
        return
    alteration = _alteration(change, node, after)
    if alteration is not None:
        field, what = alteration
        yield Finding(
            field,
            f"{owner.key} takes over {place}, which was applied as it stands, and {what}",
            key=f"takes {place}",
            facts={"root": place, "field": route_text(field.route)},
        )


def _alteration(change: PlacementChange, node: Node, after: State) -> tuple[Node, str] | None:
    """The field of a declaration that makes it more than the name of a directory, and its effect.

    What an Application or RootSync does not say is no field of it.
    """
    if change.alters:
        return node, f"alters it with {route_text(node.route)}"
    owner = node.resource
    field = leaves_out(owner, after)
    if field is not None:
        return field, f"leaves files out of it with {route_text(field.route)}"
    for kind, field in retentions(owner).items():
        if kind != "deletion" or owner.group_kind not in _UNASKED:
            return field, _RETENTIONS[kind]
    return None


def _moved(old: Resource, new: Resource, before: State) -> Iterator[Finding]:
    """Another cluster or namespace than base's."""
    for was, field in redirections(old, new):
        if not was.exists and applies_only_to(old, field, before):
            continue
        yield Finding(
            field if field.exists else field.resource.at("spec"),
            f"{new.key} now goes to {_text(field)} instead of {_text(was)} "
            f"({route_text(field.route)})",
            key=f"to {route_text(field.route)}",
            facts={"field": route_text(field.route), "old": was.value, "new": field.value},
        )


def _left_out(old: Resource, new: Resource) -> Iterator[Finding]:
    """Files or objects that it newly leaves out, or chooses in another way."""
    for field, is_choice in exclusions(old, new):
        route = route_text(field.route)
        does = "chooses its files otherwise" if is_choice else "leaves out part of what it applied"
        yield Finding(
            field,
            f"{new.key} now {does}, with {route}",
            key=f"leaves {field.value}",
            facts={"field": route},
        )


def _retained(old: Resource, new: Resource) -> Iterator[Finding]:
    """What it deleted before, and leaves in the cluster from now on."""
    old_kinds = retentions(old)
    for kind, field in retentions(new).items():
        if kind not in old_kinds:
            yield Finding(
                field,
                f"{new.key} now {_RETENTIONS[kind]}",
                key=f"retains by {kind}",
                facts={"field": route_text(field.route)},
            )


def _text(field: Node) -> str:
    return repr(field.text) if field.text else "another cluster" if field.exists else "its own"
