"""See image_not_approved.md."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from bot.core.engine.consent import POD_TEMPLATE
from bot.core.finding import Finding, Fix, Related, Severity
from bot.core.resource import GroupKind
from bot.core.state import State
from bot.kubernetes.images import approval
from bot.kubernetes.images.approval import NewImage, new_images
from bot.kubernetes.images.facts import image_facts, used_by
from bot.kubernetes.images.reference import is_short, parse_entries
from bot.kubernetes.images.registries import is_new, new_places
from bot.records import dataclass

SEVERITY = Severity.ERROR
CONSENT = POD_TEMPLATE
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "resource"

_HINTS = 200  # new images beyond are not compared with the list's spelling, which takes its time


@dataclass(frozen=True, slots=True)
class Options:
    """`short_names`: whether a name without a registry may be approved by a list."""

    short_names: Literal["allow", "report"] = "allow"


def compare(before: State, after: State, options: Options) -> Iterator[Finding]:
    images = tuple(new_images(before, after))
    if after.policy.images.approved:
        for number, new in enumerate(images):
            yield from _outside_list(new, after, options, hint=number < _HINTS)
    else:
        yield from _from_elsewhere(images, before, after)


def _outside_list(
    new: NewImage, after: State, options: Options, *, hint: bool
) -> Iterator[Finding]:
    entries, image = parse_entries(after.policy.images.approved), new.use.image
    earlier = new.repository_before
    if approval.approves(entries, image):
        if options.short_names == "report" and is_short(new.use.reference) and new.use.known:
            message = f"{used_by(new.use)}, which names no registry: the node's settings choose one"
            yield _finding(new, message, Severity.WARNING, after)
        return
    if earlier is not None and not approval.approves(entries, earlier.image):
        return
    if image is None:
        yield from _invalid(new, SEVERITY)
        return
    near = approval.nearest(entries, image) if hint else None
    end = f"; the nearest approved is {near}" if near else ""
    yield _finding(new, f"{used_by(new.use)}, which is not approved{end}", SEVERITY, after)


def _from_elsewhere(images: tuple[NewImage, ...], before: State, after: State) -> Iterator[Finding]:
    """Of several images from one new place the first asks the question, the others are noted."""
    for new in images:
        if (
            new.use.image is None
            and before.derived(approval.runs_any)
            and not is_new(before, after)
        ):
            expression = approval.is_expression(new.use.reference)
            yield from _invalid(new, Severity.NOTICE if expression else Severity.WARNING)
    for place in new_places(images, before, after):
        count = len(place.moved)
        noun = "image moves" if count == 1 else "images move"
        also = f" ({count} more {noun} with it)" if count else ""
        message = f"and nothing in this environment is from {place.origin} yet{also}"
        severity = Severity.NOTICE if place.again else Severity.WARNING
        finding = _finding(place.new, f"{used_by(place.new.use)}, {message}", severity, after)
        related = tuple(Related(moved.use.node, "moves with it") for moved in place.moved[:20])
        yield replace(finding, related=related)


def _invalid(new: NewImage, severity: Severity) -> Iterator[Finding]:
    expression = approval.is_expression(new.use.reference)
    why = "cannot be judged before it runs" if expression else "is no valid image reference"
    message = f"{used_by(new.use)}, which {why}"
    yield Finding(new.use.node, message, severity, new.use.reference, image_facts(new.use))


def _finding(new: NewImage, message: str, severity: Severity, after: State) -> Finding:
    use = new.use
    image = use.image
    movable = None if use.operated or use.registry or use.version else image
    moved = approval.mirrored(after.policy.images, movable) if movable else None
    return Finding(
        use.node,
        message if use.known else f"{message} (in a field that is taken for an image)",
        severity if use.known else severity.lower(),
        image.repository if image else use.reference,
        image_facts(use),
        fix=Fix(use.node, moved) if moved else None,
    )
