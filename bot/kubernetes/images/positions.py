"""Positions of images: every field of every kind that names an image, and its value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.resource import GroupKind, Node, Resource
from bot.core.states.carriers.kinds import Siblings, carried_by
from bot.core.states.carriers.texts import CarriedManifest, steps_of
from bot.kubernetes.images.reference import ImageReference, parse_image
from bot.kubernetes.images.table import CROSSPLANE_PACKAGES, OTHER_KINDS, POD_SPEC, TASK, WORKFLOW
from bot.kubernetes.workloads.pods import pod_templates
from bot.kubernetes.workloads.template_paths import PLACES
from bot.records import cached_property, dataclass

# Groups whose images the tables list completely: no other `image` key of theirs is an image,
# such as a key of a ConfigMap.
_IMAGELESS: Final = frozenset(
    {
        "",
        "apps",
        "batch",
        "autoscaling",
        "extensions",
        "policy",
        "networking.k8s.io",
        "kustomize.toolkit.fluxcd.io",
    }
    | {
        "image.toolkit.fluxcd.io",
        "source.toolkit.fluxcd.io",
        "helm.toolkit.fluxcd.io",
        "kustomize.config.k8s.io",
    }
)
_IMAGELESS_KINDS: Final = frozenset(
    {GroupKind("argoproj.io", "Application"), GroupKind("argoproj.io", "ApplicationSet")}
)
_DEEPEST: Final = 40


@dataclass(frozen=True)
class ImageUse:
    """One image that a resource pulls: the node that names it, and the container that runs it.

    `known` is False where the field was guessed in a kind that no table lists. `operated` says that
    an operator completes the reference; `registry` and `version` are what the resource states
    beside the node, as the beginning and the end of the reference.
    """

    node: Node
    container: str
    known: bool = True
    operated: bool = False
    version: str = ""
    registry: str = ""

    @property
    def reference(self) -> str:
        """The reference as the manifest writes it."""
        return f"{self.registry}{self.node.text or ''}{self.version}"

    @cached_property
    def image(self) -> ImageReference | None:
        """The reference in normal form; None for one that no container runtime can pull."""
        return parse_image(self.reference)


def image_uses(resource: Resource) -> Iterator[ImageUse]:
    """Every image that a resource names, in the order of the tables."""
    kind = resource.group_kind
    # `image`, `imageName`, `dockerImage`: spares the decoding.
    if b"mage" not in resource.encoded and kind not in CROSSPLANE_PACKAGES:
        return
    if kind in PLACES:
        for template in pod_templates(resource):
            yield from _uses(template.spec, POD_SPEC)
            if template.place.form == "workflow":
                yield from _uses(template.spec, WORKFLOW, template.spec["name"].text)
            elif template.place.form == "task":
                yield from _uses(template.spec, TASK)
    elif kind in OTHER_KINDS:
        yield from _uses(resource.root, OTHER_KINDS[kind])
    elif kind not in _IMAGELESS_KINDS and not _of_kubernetes(kind.group):
        yield from _guessed(resource.root, _DEEPEST, _carried(resource))


def _carried(resource: Resource) -> frozenset[tuple[str | int, ...]]:
    """Where a resource carries others, which name their own images."""
    return frozenset(
        carried.steps
        for carried in carried_by(resource, Siblings({}))
        if isinstance(carried, CarriedManifest) and carried.holder is resource
    )


def _of_kubernetes(group: str) -> bool:
    return group in _IMAGELESS or group.endswith(".k8s.io")


def _uses(node: Node, paths: tuple[str, ...], name: str | None = None) -> Iterator[ImageUse]:
    for path in paths:
        for holder, place in _reached(node, tuple(path.split("."))):
            if place.text and not _injected(place):
                operated = place.route[-1] == "baseImage"
                version = _version(holder) if operated else ""
                called = _container(holder, place, name)
                yield ImageUse(place, called, operated=operated, version=version)


def _version(holder: Node) -> str:
    """The version beside a `baseImage`: the digest before the tag, as the operators choose it."""
    digest, tag = holder["sha"].text, holder["tag"].text
    return f"@sha256:{digest}" if digest else f":{tag}" if tag else ""


def _injected(place: Node) -> bool:
    """Whether Istio's webhook replaces the image.

    https://istio.io/latest/docs/setup/additional-setup/gateway/
    """
    return place.text == "auto" and b'"inject.istio.io/templates"' in place.resource.encoded


def _reached(node: Node, path: tuple[str, ...]) -> Iterator[tuple[Node, Node]]:
    """The nodes at the end of a path, each with the mapping that names its container."""
    step, rest = path[0], path[1:]
    if not rest:
        yield node, node[step]
        return
    if step != "*":
        yield from _reached(node[step], rest)
        return
    for item in (*node.items(), *(child for _, child in node.fields())):
        for holder, place in _reached(item, rest):
            yield (item if "name" in item.mapping and holder is not item else holder), place


def _container(holder: Node, place: Node, name: str | None = None) -> str:
    """The name of what runs the image: the container, else the template, else the field."""
    named = holder["name"].text or name
    if named:
        return named
    steps = [step for step in place.route[:-1] if isinstance(step, str)]
    return steps[-1] if steps else "image"


def _guessed_use(holder: Node, field: Node) -> ImageUse | None:
    """The image under a key `image`: a reference, or a mapping with a reference or its parts.

    Operators take the parts as charts do: `{registry: R, repository: P, tag: T}`.
    """
    called = _container(holder, field)
    if not field.mapping:
        use = _beside(holder, field, called)
    elif whole := next((field[key] for key in ("reference", "ref") if field[key].text), None):
        use = ImageUse(whole, called, known=False)
    else:
        registry, digest, tag = (field[key].text for key in ("registry", "digest", "tag"))
        use = ImageUse(
            field["repository"],
            called,
            known=False,
            version=f"@{digest}" if digest else f":{tag}" if tag else "",
            registry=f"{registry.rstrip('/')}/" if registry else "",
        )
    return use if use.node.text and use.image is not None else None


def _beside(holder: Node, field: Node, called: str) -> ImageUse:
    """The image of a field beside which NVIDIA's operators take its repository and version.

    https://github.com/NVIDIA/gpu-operator/blob/v25.3.0/internal/image/image.go
    """
    repository, version = holder["repository"].text, holder["version"].text
    if not repository or not version:
        return ImageUse(field, called, known=False)
    separator = "@" if version.startswith("sha256:") else ":"
    return ImageUse(
        field,
        called,
        known=False,
        version=f"{separator}{version}",
        registry=f"{repository.rstrip('/')}/",
    )


def _guessed(
    node: Node, depth: int, carried: frozenset[tuple[str | int, ...]]
) -> Iterator[ImageUse]:
    """Every string under a key `image`, at any depth but in carried resources."""
    if depth == 0 or (carried and steps_of(node) in carried):
        return
    for name, child in node.fields():
        use = _guessed_use(node, child) if name == "image" else None
        if use is not None:
            yield use
        elif isinstance(child.value, Mapping):
            yield from _guessed(child, depth - 1, carried)
        else:
            for item in child.items():
                yield from _guessed(item, depth - 1, carried)
