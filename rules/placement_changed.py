"""See placement_changed.md."""

from collections.abc import Iterator

from bot.core.finding import FileLine, Finding, Severity
from bot.core.resource import GroupKind, Node, Resource, route_text
from bot.core.state import State, changes
from bot.kubernetes import kinds

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "environment"

_SELECTION = ("include", "exclude")
_DELETES = "$patch: delete"


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for change in after.placement_changes:
        node, place = change.node, change.place or "."
        if isinstance(node, FileLine):
            yield Finding(
                node,
                f"{node.path} leaves files out of what is applied from {place}",
                key=f"leaves out of {place}",
                facts={"root": place},
            )
            continue
        if change.unbuilt:
            yield Finding(
                node,
                f"{node.resource.key} builds {place} in another way than before, in which it "
                "cannot be built any more, so that what this hides is not known",
                key=f"rebuilds {place}",
                facts={"root": place},
            )
            continue
        yield Finding(
            node,
            f"{node.resource.key} takes over {place}, which was applied as it stands, and alters "
            f"it with {route_text(node.route)}",
            key=f"takes {place}",
            facts={"root": place, "field": route_text(node.route)},
        )
    owners = (kinds.APPLICATION, kinds.FLUX_KUSTOMIZATION, kinds.HELM_RELEASE)
    for difference in changes(before, after, *owners):
        if difference.before is not None and difference.after is not None:
            yield from _moved(difference.before, difference.after)
            yield from _left_out(difference.before, difference.after)


def _moved(old: Resource, new: Resource) -> Iterator[Finding]:
    """Another cluster or namespace than base's."""
    for was, field in zip(_destinations(old), _destinations(new), strict=True):
        if was.value != field.value:
            yield Finding(
                field if field.exists else field.resource.at("spec"),
                f"{new.key} now goes to {_text(field)} instead of {_text(was)} "
                f"({route_text(field.route)})",
                key=f"to {route_text(field.route)}",
                facts={"field": route_text(field.route), "old": was.value, "new": field.value},
            )


def _left_out(old: Resource, new: Resource) -> Iterator[Finding]:
    """Files or objects that it newly leaves out, or chooses in another way."""
    before = [(route_text(field.route), field.value) for field in _selections(old)]
    chosen = {route for route, _ in before if route.endswith(_SELECTION)}
    for field in _selections(new):
        route = route_text(field.route)
        if (route, field.value) not in before:
            effect = (
                "chooses its files otherwise"
                if route in chosen
                else "leaves out part of what it applied"
            )
            yield Finding(
                field,
                f"{new.key} now {effect}, with {route}",
                key=f"leaves {field.value}",
                facts={"field": route},
            )


def _destinations(owner: Resource) -> tuple[Node, ...]:
    spec = owner.at("spec")
    if owner.group_kind == kinds.APPLICATION:
        target = spec["destination"]
        return (target["server"], target["name"], target["namespace"])
    return (spec["kubeConfig"], spec["targetNamespace"])


def _selections(owner: Resource) -> Iterator[Node]:
    """The fields that say which files or objects are left out."""
    spec = owner.at("spec")
    for source in (spec["source"], *spec["sources"].items()):
        for name in _SELECTION:
            if source["directory"][name].value:
                yield source["directory"][name]
    for patch in (*spec["patches"].items(), *spec["source"]["kustomize"]["patches"].items()):
        if _DELETES in (patch["patch"].text or ""):
            yield patch["patch"]


def _text(field: Node) -> str:
    return repr(field.text) if field.text else "another cluster" if field.exists else "its own"
