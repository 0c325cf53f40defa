"""What a renderer wrote, as resources that know the file of the tree in which each begins."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from bot.core.identity import identity_of
from bot.core.manifest import Manifest, Object
from bot.core.reading import FileLimits, read_manifest
from bot.core.reading.split import cut_for_kubectl, normalised
from bot.core.rendering import ORIGIN_PREFIX, BuildResult
from bot.core.resource import Resource, ResourceSource
from bot.core.scopes import Scopes
from bot.core.states.roots.files import CHART_NAME, KUSTOMIZATION_NAMES
from bot.core.states.roots.root import Root
from bot.errors import UnbuildableError
from bot.patterns import pattern
from bot.records import dataclass

# A renderer's output is bounded where it is made; one root may well hold thousands of documents.
_LIMITS: Final = FileLimits(
    file_bytes=64 << 20, documents=20_000, nodes=4_000_000, expansion=16 << 20, aliases=1_000
)

_ORIGIN: Final = "config.kubernetes.io/origin"
_ORIGIN_PATH: Final = pattern(r"(?m)^(?:path|configuredIn): *(?P<path>\S.*?) *$")
_GENERATORS: Final = ("kind: ConfigMapGenerator", "kind: SecretGenerator")
# https://github.com/kubernetes-sigs/kustomize/blob/master/api/hasher/hasher.go
_HASH: Final = pattern(r"-[2456789bcdfghkmt]{10}")
_SOURCE: Final = pattern(rb"\A(?:---[^\n]*\n)?# Source: (?P<path>[^\n]+)\n")

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class _Origin:
    """An object that was built, and the file that it comes from."""

    encoded: bytes
    path: str


def rendered(root: Root, built: BuildResult, namespace: str, scopes: Scopes) -> Iterator[Resource]:
    """The resources of a root that was built; `namespace` is what one without any gets.

    Raises UnbuildableError where the output cannot be read to its end, or is not what may be sent.
    """
    origins = _of_kustomize(built, root) if root.kind == "kustomization" else _of_helm(built, root)
    for origin in origins:
        encoded = origin.encoded if root.finish is None else root.finish(origin.encoded)
        identity = identity_of(encoded)
        if identity is None:
            continue
        blob = root.files[origin.path].blob if origin.path in root.files else ""
        path = root.own_paths.get(origin.path, origin.path)
        source = ResourceSource(
            path, blob, 0, kustomize=root.kind == "kustomization", root=root.name
        )
        key = identity.key(root.default_namespace or namespace, scopes)
        yield Resource(key, identity.api_version, encoded, source)


def _of_kustomize(built: BuildResult, root: Root) -> Iterator[_Origin]:
    """The objects without their origins, and without the hashes in names of generated ones.

    A hash changes with the content, so that a changed ConfigMap would be another one and whatever
    names it would be changed as well. Nothing that a rule says is about the hash.
    """
    manifest = read_manifest(built.output, _LIMITS)
    if manifest.kustomize.error is not None:
        raise UnbuildableError(f"its output cannot be read: {manifest.kustomize.error.message}")
    documents = [(_decode(document.encoded), document) for document in manifest.kustomize.objects]
    origins = [_take_origin(body) for body, _ in documents]
    names = _hashed(body for (body, _), origin in zip(documents, origins, strict=True)
                    if any(key in origin for key in _GENERATORS))  # fmt: skip
    own_path = _own_file(root)
    for (body, _), origin in zip(documents, origins, strict=True):
        shown = _renamed(body, names) if names else body
        yield _Origin(_encode(shown), _origin_path(origin) or own_path)


def _take_origin(body: Any) -> str:
    """The origin that kustomize wrote into an object, which is taken out of it."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict):
        return ""
    origin = annotations.pop(_ORIGIN, "")
    if metadata is not None and not annotations:
        del metadata["annotations"]
    return origin if isinstance(origin, str) else ""


def _origin_path(origin: str) -> str:
    match = _ORIGIN_PATH.search(origin)
    if match is None or not match["path"].startswith(ORIGIN_PREFIX):
        return ""
    return posixpath.normpath(match["path"].removeprefix(ORIGIN_PREFIX))


def _hashed(bodies: Iterator[Any]) -> Mapping[str, str]:
    """The names of generated objects, each with itself without its hash."""
    names = {}
    for body in bodies:
        name = body.get("metadata", {}).get("name")
        if isinstance(name, str) and _HASH.fullmatch(name[-11:]):
            names[name] = name[:-11]
    taken = list(names.values())
    return {name: plain for name, plain in names.items() if taken.count(plain) == 1}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The same with every text that is such a name replaced. Depth is bounded by the reader."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return value


def _own_file(root: Root) -> str:
    inside = f"{root.path}/" if root.path else ""
    names = (f"{inside}{name}" for name in (*KUSTOMIZATION_NAMES, CHART_NAME))
    return next((name for name in names if name in root.files), inside)


def _of_helm(built: BuildResult, root: Root) -> Iterator[_Origin]:
    """The objects, each with the template or CRD that it comes from."""
    manifest = _output(built.output)
    if manifest.kubectl.error is not None:
        raise UnbuildableError(f"its output cannot be read: {manifest.kubectl.error.message}")
    sources: list[str] = []
    for chunk in cut_for_kubectl(normalised(built.output), _LIMITS).chunks:
        match = _SOURCE.match(chunk.data)
        # A file of CRDs with several documents has the comment before its first alone.
        last = sources[-1] if sources else ""
        sources.append(match["path"].decode("utf-8", "replace").strip() if match else last)
    for document in manifest.kubectl.objects:
        yield _Origin(document.encoded, _template(sources, document, root))


@lru_cache(maxsize=2)
def _output(output: bytes) -> Manifest:
    """A chart's output, read; kept for the question that follows."""
    return read_manifest(output, _LIMITS)


def refusal_of(root: Root, built: BuildResult) -> str:
    """Return why Flux cannot install what a chart gave; empty where it can, or another tool does.

    Helm accepts what is read here; Flux has kustomize read it once more to label each object.
    https://github.com/fluxcd/helm-controller/tree/main/internal/postrender
    """
    if root.kind != "chart" or root.declared is None or not root.declared.tool.startswith("flux"):
        return ""
    error = _output(built.output).kustomize.error
    return error.message if error is not None else ""


def _template(sources: list[str], document: Object, root: Root) -> str:
    """The file that a `# Source:` comment names: the chart's name stands for its directory."""
    inside = f"{root.path}/" if root.path else ""
    named = sources[document.document] if document.document < len(sources) else ""
    path = f"{inside}{named.partition('/')[2]}"
    if path in root.files:
        return path
    # A chart within may lie there as an archive.
    parts = named.split("/")
    while "charts" in parts:
        depth = len(parts) - 1 - parts[::-1].index("charts")
        vendored = f"{inside}{'/'.join(parts[1 : depth + 2])}"
        archive = re.compile(rf"{re.escape(vendored)}-[^/]*\.tgz")
        match = next((file for file in root.files if archive.fullmatch(file)), None)
        if match is not None:
            return match
        parts = parts[:depth]
    return _own_file(root)
