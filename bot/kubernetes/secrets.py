"""Secrets in a repository: which are encrypted and which are readable. Values never leave here."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from bot.core.resource import GroupKind, Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.patterns import pattern
from bot.records import dataclass

SecretForm: TypeAlias = Literal["clear", "sops", "empty"]
"""Readable by anybody; encrypted by SOPS; nothing in it that is a secret."""

ExposureCause: TypeAlias = Literal[
    "sops gone", "sealed before", "neighbours encrypted", "value decrypted"
]

SEALED_SECRET: Final = GroupKind("bitnami.com", "SealedSecret")
"""The kind of what the controller of Sealed Secrets decrypts."""
_CLUSTER_WIDE: Final = "sealedsecrets.bitnami.com/cluster-wide"
_NAMESPACE_WIDE: Final = "sealedsecrets.bitnami.com/namespace-wide"
_SOPS_SECRET: Final = GroupKind("isindir.github.com", "SopsSecret")
_EXTERNAL: Final = GroupKind("external-secrets.io", "ExternalSecret")
_ENCRYPTED: Final = (SEALED_SECRET, _SOPS_SECRET, _EXTERNAL)

# What some tool replaces before the API sees it: SOPS, Argo CD's Vault plugin, vals, Bank-Vaults,
# Flux and Helm.
_PLACEHOLDER: Final = pattern(
    r"\s*(?:ENC\[AES256_GCM,.*|<[^<>]{1,200}>|ref\+.*|vault:.*|\$\{.*|\$\(.*|\{\{.*)", re.DOTALL
)
# Fields of Argo CD's repositories and clusters that say where something is, not how to get in.
_HARMLESS: Final = frozenset(
    {"url", "type", "name", "project", "server", "namespaces", "enableOCI", "insecure", "username"}
)
# A value of nothing but these is public.
_PUBLIC: Final = pattern(
    r"\s*(?:-----BEGIN (CERTIFICATE|PUBLIC KEY)-----[A-Za-z0-9+/=\s]+-----END \1-----\s*)+"
)
# What names a secret, as a key or in a line of a configuration.
_SECRET_NAME: Final = pattern(
    r"pass(?:word|wd|phrase)?\b|pwd|token|secret|credential|api-?key", re.IGNORECASE
)
_SECRET_LINE: Final = pattern(
    r"(?:password|passwd|pwd|token|secret|api[-_]?key)[\"']?\s*[=:]\s*[^\s{]", re.IGNORECASE
)
_NO_SECRET: Final = frozenset({"kubernetes.io/service-account-token"})
_LONGEST: Final = 4096
_LARGEST: Final = 1 << 20  # the API's own limit of a Secret


def form_of(secret: Resource) -> SecretForm:
    """Whether a Secret is readable, encrypted by SOPS, or holds nothing secret."""
    if any(True for _ in readable(secret)):
        return "clear"
    return "sops" if secret.at("sops").mapping else "empty"


def readable(secret: Resource) -> Iterator[Node]:
    """The entries of a Secret that everybody who can read the repository can read."""
    if (secret.at("type").text or "") in _NO_SECRET:
        return
    labelled = "argocd.argoproj.io/secret-type" in secret.labels
    for field in ("stringData", "data"):
        for name, node in secret.at(field).fields():
            harmless = labelled and name in _HARMLESS
            if not harmless and _says_something(node, encoded=field == "data"):
                yield node


def template_secrets(sealed: Resource | None) -> Iterator[Node]:
    """The entries of a SealedSecret's template that are secret by their name and stand in clear.

    The template is not encrypted; its entries may refer to decrypted values by `{{ .name }}`.
    """
    if sealed is None:
        return
    for name, node in sealed.at("spec", "template", "data").fields():
        text = node.text or ""
        secret = _SECRET_NAME.search(name) or _SECRET_LINE.search(text[:_LARGEST])
        if text and secret and "{{" not in text and not _is_harmless(text):
            yield node


@dataclass(frozen=True, slots=True)
class WiderSeal:
    """The annotation by which a SealedSecret can newly be decrypted under other names.

    `resealed`: its entries differ from base, so that they can be for the new scope.
    """

    node: Node
    everywhere: bool
    resealed: bool


def wider_seal(old: Resource | None, new: Resource | None) -> WiderSeal | None:
    """How far beyond base a SealedSecret may be renamed; None where it is not beyond.

    Sealed strictly, an entry is decrypted only under its own namespace and name. The controller
    reads the scope from the SealedSecret's annotations; an entry of another scope is refused.
    https://github.com/bitnami-labs/sealed-secrets#scopes
    """
    scopes = (_NAMESPACE_WIDE, _CLUSTER_WIDE)
    before, after = _seal_scope(old), _seal_scope(new)
    if new is None or after <= before:
        return None
    entries = new.at("spec", "encryptedData").value
    resealed = old is None or old.at("spec", "encryptedData").value != entries
    return WiderSeal(new.at("metadata", "annotations", scopes[after - 1]), after == 2, resealed)


def _seal_scope(sealed: Resource | None) -> int:
    """0: one name in one namespace; 1: every name in one namespace; 2: everywhere."""
    annotations = {} if sealed is None else sealed.annotations
    if annotations.get(_CLUSTER_WIDE) == "true":
        return 2
    return int(annotations.get(_NAMESPACE_WIDE) == "true")


def _says_something(node: Node, *, encoded: bool) -> bool:
    text = node.text
    if not text or _is_harmless(text):
        return False
    if encoded:
        try:
            plain = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            return True
        return not _is_harmless(plain.decode("utf-8", "replace"))
    return True


def _is_harmless(text: str) -> bool:
    """Whether a value is a placeholder or public."""
    placeholder = _PLACEHOLDER.fullmatch(text[:_LONGEST])
    return bool(placeholder) or (len(text) <= _LARGEST and _PUBLIC.fullmatch(text) is not None)


@dataclass(frozen=True, slots=True)
class Exposed:
    """A Secret that is readable and should not be, why it should not, and where that shows."""

    secret: Resource
    cause: ExposureCause
    node: Node
    old: Resource | None = None


def exposed(old: Resource | None, new: Resource, before: State) -> Exposed | None:
    """Why a Secret of head should not be readable: base keeps it, or its neighbours, encrypted."""
    entries = tuple(readable(new))
    if not entries:
        return None
    place = new.at("metadata", "name")
    if old is not None:
        return _decrypted(old, new, entries)
    sealed = _sealed_before(new.key, before)
    if sealed is not None:
        return Exposed(new, "sealed before", place, sealed)
    if before.derived(encrypts):
        return Exposed(new, "neighbours encrypted", place)
    return None


def _decrypted(old: Resource, new: Resource, entries: tuple[Node, ...]) -> Exposed | None:
    """The Secret of head whose values, or some of them, base holds encrypted."""
    if not old.at("sops").mapping:
        return None
    if not new.at("sops").mapping:
        return Exposed(new, "sops gone", entries[0], old)
    seen = {node.route for node in readable(old)}
    opened = [node for node in entries if node.route not in seen]
    return Exposed(new, "value decrypted", opened[0], old) if opened else None


def _sealed_before(key: ResourceKey, before: State) -> Resource | None:
    """The encrypted resource of base that creates the Secret of this name."""
    for kind in _ENCRYPTED:
        sealed = before.get(ResourceKey(kind.group, kind.kind, key.namespace, key.name))
        if sealed is not None:
            return sealed
    return None


def encrypts(state: State) -> bool:
    """Whether a state keeps its Secrets encrypted: it has some, and none is readable."""
    forms = [form_of(secret) for secret in state.of(kinds.SECRET)]
    return "clear" not in forms and ("sops" in forms or bool(state.of(*_ENCRYPTED)))
