"""Image approval: by the policy's list, or by the images that the environment already runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from heapq import nsmallest
from typing import Final

from bot.core.policy.model import Images
from bot.core.resource import Resource
from bot.core.state import Change, State, changes
from bot.kubernetes.images.builds import built_images
from bot.kubernetes.images.positions import ImageUse, image_uses
from bot.kubernetes.images.reference import (
    IMPLIED,
    ApprovedEntry,
    ImageReference,
    parse_entries,
    parse_entry,
    parse_image,
)
from bot.patterns import pattern
from bot.records import dataclass

_COMPARED: Final = 128
_SEARCHES: Final = 16
# Expressions that Flux, Argo Workflows, Tekton, Helm and envsubst expand before the pull.
_EXPRESSION: Final = pattern(r"\$\{|\$\(|\{\{")


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image that a change adds to a resource, and the images that the resource had before."""

    use: ImageUse
    earlier: tuple[ImageUse, ...]

    @property
    def repository_before(self) -> ImageUse | None:
        """The reference of the same repository that the resource ran before."""
        image = self.use.image
        if image is None:
            return None
        same = (old for old in self.earlier if old.image and _same(old.image, image))
        return next(same, None)


def _same(image: ImageReference, other: ImageReference) -> bool:
    return (image.domain.lower(), image.path) == (other.domain.lower(), other.path)


def new_images(before: State, after: State) -> Iterator[NewImage]:
    """The images that resources name at head and did not name at base.

    Names of images that the repository builds itself are left out.
    """
    for change in changes(before, after):
        for new in _new_in(change):
            if ":" in new.use.reference or new.use.reference not in after.derived(built_images):
                yield new


def _new_in(change: Change) -> Iterator[NewImage]:
    if change.after is None:
        return
    uses = tuple(image_uses(change.after))
    earlier = _uses(change.before) if uses else ()
    references = {use.reference for use in earlier}
    for use in uses:
        if use.reference not in references:
            yield NewImage(use, earlier)


def _uses(resource: Resource | None) -> tuple[ImageUse, ...]:
    return tuple(image_uses(resource)) if resource is not None else ()


def _origins(resource: Resource) -> frozenset[tuple[str, str]]:
    return frozenset(use.image.origin for use in image_uses(resource) if use.known and use.image)


def origins(state: State) -> frozenset[tuple[str, str]]:
    """The registries, with first path segment, from which this state runs images."""
    return frozenset().union(*(resource.derived(_origins) for resource in state.resources))


def runs_any(state: State) -> bool:
    """Whether this state runs an image whose registry is known. For `State.derived`."""
    return any(resource.derived(_origins) for resource in state.resources)


def runs_from(state: State, origin: tuple[str, str]) -> bool:
    """Whether this state runs an image of this registry and first path segment.

    The first few questions look only into the resources whose text names the segment.
    """
    answers = state.derived(_answers)
    if origin not in answers:
        searched = len(answers) < _SEARCHES
        answers[origin] = _search(state, origin) if searched else origin in state.derived(origins)
    return answers[origin]


def _answers(state: State) -> dict[tuple[str, str], bool]:
    """The answers of `runs_from`, as several rules and findings ask the same."""
    del state
    return {}


def _search(state: State, origin: tuple[str, str]) -> bool:
    # A reference may leave out the implied segment, and writes every other one as it is.
    segment = b"" if origin[1] == IMPLIED else origin[1].encode()
    return any(
        segment in resource.encoded and origin in resource.derived(_origins)
        for resource in state.resources
    )


def is_expression(reference: str) -> bool:
    """Whether a controller computes the reference only at run time."""
    return _EXPRESSION.search(reference) is not None


def approves(entries: Iterable[ApprovedEntry], image: ImageReference | None) -> bool:
    """Whether one of the entries approves the image. An invalid reference is never approved."""
    return image is not None and any(entry.approves(image) for entry in entries)


def nearest(entries: Iterable[ApprovedEntry], image: ImageReference) -> ApprovedEntry | None:
    """The entry whose spelling is closest to the image's repository.

    Only the entries that share the most characters are compared exactly, because an exact
    comparison costs the square of the length.
    """
    matcher = difflib.SequenceMatcher(b=image.repository[:_COMPARED], autojunk=False)

    def rough(entry: ApprovedEntry) -> tuple[float, str]:
        matcher.set_seq1(str(entry)[:_COMPARED])
        return -matcher.quick_ratio(), str(entry)

    def exact(entry: ApprovedEntry) -> tuple[float, str]:
        matcher.set_seq1(str(entry)[:_COMPARED])
        return -matcher.ratio(), str(entry)

    return min(nsmallest(3, entries, key=rough), key=exact, default=None)


def mirrored(images: Images, image: ImageReference) -> str | None:
    """The approved reference of the same image in the team's mirror, or None.

    Of several mirrors, the one with the longest path wins.
    """
    for source, target in _by_length(images.mirrors):
        entry = parse_entry(source)
        if entry is not None and not entry.tag and not entry.digest and entry.approves(image):
            rest = image.path.removeprefix(entry.path).removeprefix("/")
            suffix = str(image).removeprefix(image.repository)
            moved = "/".join(part for part in (target.rstrip("/"), rest) if part) + suffix
            return moved if _acceptable(images, moved) else None
    return None


def _acceptable(images: Images, reference: str) -> bool:
    image = parse_image(reference)
    return image is not None and (
        not images.approved or approves(parse_entries(images.approved), image)
    )


def _by_length(mirrors: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(mirrors.items(), key=lambda pair: (-len(pair[0]), pair))
