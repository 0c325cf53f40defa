"""A manifest: what the cluster's two readers make of one file."""

from __future__ import annotations

from typing import Literal, TypeAlias

from bot.core.identity import ObjectIdentity
from bot.records import dataclass

Flag: TypeAlias = Literal[
    "yaml11-bool",
    "duplicate-key",
    "merge-order",
    "octal",
    "tag",
    "content-after-document-end",
    "unicode-line-break",
    "carriage-return",
    "list-like",
    "kindless-item",
    "bom-inside",
    "json-stream",
    "rejected-by-kubectl",
]
"""A hazard of reading (DESIGN 5): what people and the two cluster readers see differently."""


@dataclass(frozen=True, slots=True)
class Object:
    """One object, unwrapped from lists, as JSON with sorted keys and integral floats as ints.

    `identity` is None where it is no resource.
    """

    encoded: bytes
    document: int
    item: tuple[int, ...]
    identity: ObjectIdentity | None


@dataclass(frozen=True, slots=True)
class ReadError:
    """Why a reader refused the rest of a file. `line` is 1-based, None if no line can be named.

    `limit` says that one of Fairlead's limits was exceeded instead of a rule of the reader. The
    message never contains a line of the file.
    """

    message: str
    line: int | None = None
    limit: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The objects of a file up to the first error, as one of the two readers returns them."""

    objects: tuple[Object, ...] = ()
    error: ReadError | None = None


@dataclass(frozen=True, slots=True)
class Hazard:
    """A flag at a line (1-based) of a document, with a sentence on what the readers make of it.

    `field` is the key of the field that it concerns, empty where there is none.
    """

    flag: Flag
    document: int
    line: int
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One file in both readings.

    `kubectl` is what `kubectl apply` and Argo CD's directories send, `kustomize` what kustomize and
    Flux build. `documents` are content digests of the chunks between `---` lines, which tell which
    document of a file changed. `resembles` says that a line begins with `apiVersion:` or `kind:`
    (JSON: that it has those keys), so that an unreadable file still counts as a manifest. `pointer`
    says that the file is a Git LFS pointer, `template` that it is unreadable and contains template
    actions (`{{ ... }}`), so that it may be a Helm template. `skipped` says that it holds the text
    for which Argo CD leaves a file of a directory out.
    """

    kubectl: Reading
    kustomize: Reading
    hazards: tuple[Hazard, ...] = ()
    documents: tuple[str, ...] = ()
    resembles: bool = False
    pointer: bool = False
    template: bool = False
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A manifest at its path in a tree."""

    path: str
    blob: str
    manifest: Manifest
    kustomize: bool = False

    @property
    def reading(self) -> Reading:
        """The reading by which the file's root is deployed."""
        return self.manifest.kustomize if self.kustomize else self.manifest.kubectl
