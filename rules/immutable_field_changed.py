"""See immutable_field_changed.md."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, Resource
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.apply.definitions import broken_definitions
from bot.kubernetes.apply.expansion import refused_growth
from bot.kubernetes.apply.immutable.updates import changes_refused
from bot.kubernetes.apply.refusals import RefusedChange
from bot.kubernetes.apply.sync_options import is_hook, is_recreated
from bot.kubernetes.schemas.narrowed import narrowed_definitions
from bot.kubernetes.versions import minor_version
from bot.kubernetes.workloads.pods import str_of

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "resource"


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    minor = minor_version(after.environment.kubernetes)
    for change in changes(before, after):
        old, new = change.before, change.after
        if old is None or new is None or is_hook(new):
            continue
        result = after.validations.get(new.key)
        fields = changes_refused(old, new, result, minor)
        refusals = (*fields, *refused_growth(old, new, after))
        for refused in refusals:
            # Stored versions are judged below, with what still uses them.
            if not refused.path.startswith("status."):
                yield from _finding(refused, new, after)
        if change.key.group_kind == kinds.CUSTOM_RESOURCE_DEFINITION:
            definitions = broken_definitions(old, new, after)
            for broken in (*definitions, *narrowed_definitions(new, before, after)):
                if any(refused.path == broken.field for refused in refusals):
                    continue
                message = f"{str_of(new)} {broken.message}"
                facts = {"field": broken.field}
                yield Finding(
                    broken.node, message, broken.severity, broken.field, facts, broken.side
                )


def _finding(refused: RefusedChange, new: Resource, after: State) -> Iterator[Finding]:
    job = new.group_kind == kinds.JOB
    short_lived = job and new.at("spec", "ttlSecondsAfterFinished").value is not None
    severity, end = SEVERITY, "so the API refuses the update"
    if is_recreated(new, after):
        if job:
            return
        severity, end = Severity.WARNING, "so the object is deleted and created again"
        if new.group_kind == kinds.PERSISTENT_VOLUME_CLAIM:
            severity, end = SEVERITY, f"{end}: its data goes with it unless the volume is retained"
    elif short_lived:
        severity, end = Severity.WARNING, "so the API refuses the update while the old Job is there"
    message = f"{str_of(new)} changes {refused.path}, {refused.reason}, {end}"
    facts = {"field": refused.path}
    yield Finding(refused.node, message, severity, refused.path, facts, refused.side)
