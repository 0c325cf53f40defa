"""The namespaces that receive a Secret, or that may read a store of secrets.

Sources: `shouldProcessSecret` in
https://github.com/external-secrets/external-secrets/blob/main/pkg/controllers/secretstore/client_manager.go,
`MatchNamespace` in
https://github.com/emberstack/kubernetes-reflector/blob/main/src/ES.Kubernetes.Reflector/Mirroring/Core/MirroringPropertiesExtensions.cs
and `IsReplicationPermitted` in
https://github.com/mittwald/kubernetes-replicator/blob/master/replicate/common/generic-replicator.go
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from bot.core.resource import GroupKind, Node, Resource
from bot.kubernetes import kinds
from bot.kubernetes.naming import escaped
from bot.kubernetes.secrets import SEALED_SECRET
from bot.kubernetes.selectors import label_selector
from bot.patterns import pattern
from bot.records import dataclass

_ESO: Final = "external-secrets.io"
CLUSTER_STORE: Final = GroupKind(_ESO, "ClusterSecretStore")
STORES: Final = (CLUSTER_STORE, GroupKind(_ESO, "SecretStore"))
CLUSTER_SECRET: Final = GroupKind(_ESO, "ClusterExternalSecret")
"""It makes an ExternalSecret in each namespace that it selects."""

# Where the annotations of the Secret stand that a resource is, or makes.
ANNOTATED: Final = {
    kinds.SECRET: ("metadata",),
    SEALED_SECRET: ("spec", "template", "metadata"),
    GroupKind(_ESO, "ExternalSecret"): ("spec", "target", "template", "metadata"),
    GroupKind("cert-manager.io", "Certificate"): ("spec", "secretTemplate"),
}
_REFLECTOR: Final = "reflector.v1.k8s.emberstack.com/reflection-allowed"
_REPLICATOR: Final = "replicator.v1.mittwald.de/"
# https://pkg.go.dev/strconv#ParseBool
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_ALL: Final = (".*", ".+")
_LITERAL: Final = pattern(r"[a-z0-9-]*")

RecipientForm: TypeAlias = Literal["every", "name", "prefix", "pattern", "labels"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Namespaces that fields admit: every one, or those of a name, pattern or selector.

    `places` are the fields, `labels` the requirements of a selector.
    """

    form: RecipientForm
    text: str
    places: tuple[Node, ...]
    labels: frozenset[str] = frozenset()

    def covers(self, other: Recipient) -> bool:
        """Whether this admits every namespace that another one admits."""
        if self.form == "every" or (self.form, self.text) == (other.form, other.text):
            return True
        if self.form == "prefix":
            return other.form in ("name", "prefix") and other.text.startswith(self.text)
        return self.form == other.form == "labels" and self.labels <= other.labels

    def __str__(self) -> str:
        match self.form:
            case "every":
                return "every namespace"
            case "name":
                return f"namespace {escaped(self.text)}"
            case "labels":
                return f"namespaces labelled {escaped(self.text)}"
            case _:
                suffix = ".*" if self.form == "prefix" else ""
                return f"namespaces like {escaped(self.text + suffix)}"


def recipients(resource: Resource) -> tuple[Recipient, ...]:
    """The namespaces that receive what a resource holds or makes, beside its own."""
    if resource.group_kind == CLUSTER_STORE:
        return tuple(_of_store(resource.at("spec", "conditions")))
    if resource.group_kind == CLUSTER_SECRET:
        return tuple(_of_cluster_secret(resource.at("spec")))
    notes = resource.at(*ANNOTATED.get(resource.group_kind, ("metadata",)))["annotations"]
    return (*_of_reflector(notes), *_of_replicator(notes))


def gained(old: Resource, new: Resource) -> tuple[Recipient, ...]:
    """The recipients of head that no recipient of base covers."""
    before = recipients(old)
    return tuple(
        recipient
        for recipient in recipients(new)
        if not any(earlier.covers(recipient) for earlier in before)
    )


def _of_store(conditions: Node) -> Iterator[Recipient]:
    """A store without conditions is for every namespace; of several, one is enough."""
    if not conditions.value:
        yield Recipient("every", "", (conditions,))
    for condition in conditions.items():
        yield from _names(condition["namespaces"])
        yield from _selected(condition["namespaceSelector"])
        for item in condition["namespaceRegexes"].items():
            text = item.text or ""
            is_whole = text in _ALL or (text.startswith("^") and text.endswith("$"))
            yield _pattern(text, item) if is_whole else Recipient("pattern", text, (item,))


def _of_cluster_secret(spec: Node) -> Iterator[Recipient]:
    yield from _names(spec["namespaces"])
    for selector in (spec["namespaceSelector"], *spec["namespaceSelectors"].items()):
        yield from _selected(selector)


def _names(listed: Node) -> Iterator[Recipient]:
    return (Recipient("name", item.text or "", (item,)) for item in listed.items())


def _selected(node: Node) -> Iterator[Recipient]:
    selector = label_selector(node)
    if selector is not None and selector.invalid is None:
        labels = frozenset(map(str, selector.requirements))
        yield Recipient("labels" if labels else "every", str(selector), (node,), labels)


def _of_reflector(notes: Node) -> Iterator[Recipient]:
    """What may be copied; with `auto-enabled`, it is copied without being asked for."""
    if (notes[_REFLECTOR].text or "").strip().lower() != "true":
        return
    listed, selector = notes[f"{_REFLECTOR}-namespaces"], notes[f"{_REFLECTOR}-namespaces-selector"]
    if not listed.text and not selector.text:
        yield Recipient("every", "", (listed, selector, notes[_REFLECTOR]))
    yield from _patterns(listed)
    yield from _labelled(selector)


def _of_replicator(notes: Node) -> Iterator[Recipient]:
    yield from _patterns(notes[f"{_REPLICATOR}replicate-to"])
    yield from _labelled(notes[f"{_REPLICATOR}replicate-to-matching"])
    if notes[f"{_REPLICATOR}replication-allowed"].text in _TRUE:
        yield from _patterns(notes[f"{_REPLICATOR}replication-allowed-namespaces"])


def _labelled(selector: Node) -> Iterator[Recipient]:
    text = (selector.text or "").strip()
    if text:
        yield Recipient("labels", text, (selector,), frozenset({text}))


def _patterns(listed: Node) -> Iterator[Recipient]:
    for text in (listed.text or "").split(","):
        if text.strip():
            yield _pattern(text.strip(), listed)


def _pattern(text: str, node: Node) -> Recipient:
    """A regular expression for whole names. None of a manifest is ever run."""
    inner = text.removeprefix("^").removesuffix("$")
    if inner in _ALL:
        return Recipient("every", "", (node,))
    if _LITERAL.fullmatch(inner):
        return Recipient("name", inner, (node,))
    prefix = inner.removesuffix(".*")
    if prefix != inner and _LITERAL.fullmatch(prefix):
        return Recipient("prefix", prefix, (node,))
    return Recipient("pattern", inner, (node,))


def changed_leaves(old: Node, new: Node) -> Iterator[Node]:
    """The fields of two sides that differ, each at head where head has it."""
    if old.value == new.value:
        return
    names = dict.fromkeys((*old.mapping, *new.mapping))
    if not names:
        yield new if new.exists else old
    for name in names:
        yield from changed_leaves(old[name], new[name])
