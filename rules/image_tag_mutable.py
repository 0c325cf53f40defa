"""See image_tag_mutable.md."""

from collections.abc import Iterator

from bot.core.engine.consent import POD_TEMPLATE
from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind
from bot.core.state import State
from bot.kubernetes.images.approval import new_images
from bot.kubernetes.images.changes import is_only_the_digest, is_only_the_tag
from bot.kubernetes.images.facts import image_facts, used_by
from bot.kubernetes.images.positions import ImageUse
from bot.kubernetes.images.reference import ImageReference
from bot.records import dataclass

SEVERITY = Severity.WARNING
CONSENT = POD_TEMPLATE
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "resource"


@dataclass(frozen=True, slots=True)
class Options:
    """`mutable_tags`: the tags that are known to move."""

    mutable_tags: tuple[str, ...] = ("latest",)


def compare(before: State, after: State, options: Options) -> Iterator[Finding]:
    digest = after.policy.images.require_digest
    for new in new_images(before, after):
        image, old = new.use.image, new.repository_before
        if image is None or not new.use.known or (new.use.operated and not new.use.version):
            continue
        why = _mutable(image, options, digest=digest)
        if why and not (old and old.image and _mutable(old.image, options, digest=digest)):
            yield _finding(new.use, why, SEVERITY, image.repository)
        if old and old.image:
            yield from _moved(new.use, old.image, image)


def _mutable(image: ImageReference, options: Options, *, digest: bool) -> str:
    """Why what runs may change without a commit, or nothing."""
    if image.digest:
        return ""
    if image.tag is None:
        return "which names no tag, so each pull takes whatever is latest"
    if image.tag in options.mutable_tags:
        return f"and the tag {image.tag} can change without a commit"
    return "without a digest, which the policy requires" if digest else ""


def _moved(use: ImageUse, old: ImageReference, new: ImageReference) -> Iterator[Finding]:
    if is_only_the_tag(old, new):
        why = f"but only the tag is new: the digest, which decides, is still that of {old.tag}"
        yield _finding(use, why, SEVERITY, "digest kept")
    elif old.digest is not None and new.digest is None and new.tag is not None:
        why = f"without the digest that it had: what the tag {new.tag} stands for can change"
        yield _finding(use, why, SEVERITY, "digest dropped")
    elif is_only_the_digest(old, new):
        why = f"another image under the same tag {new.tag}"
        yield _finding(use, why, Severity.NOTICE, "digest changed")


def _finding(use: ImageUse, why: str, severity: Severity, key: str) -> Finding:
    return Finding(use.node, f"{used_by(use)}, {why}", severity, key, image_facts(use))
