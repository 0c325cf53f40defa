"""The builds that a child asks for: checked, bounded, kept between reviews, made by the parent."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from bot.analysis.cache import FactCache
from bot.core.rendering import Build, Builder, Built, Release, Renderer
from bot.core.tree import Blobs
from bot.errors import AnalysisError
from bot.render.renderers import Renderers
from bot.render.tools import Binary, find_all
from bot.sandbox import proved_state

_MOST_FILES: Final = 20_000
_MOST_TEXT: Final = 8 * 1024 * 1024
_LONGEST_PATH: Final = 1_024
_LARGEST_KEPT: Final = 32 * 1024 * 1024
# Raised where the way in which a build is carried out changes what comes of it.
RENDERS: Final = "1"

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_VERSION: Final = re.compile(r"v?1\.[0-9]{1,3}(?:\.[0-9]{1,3})?")
_API_VERSION: Final = re.compile(r"[A-Za-z0-9][\w./-]{0,251}")

_CACHED: Final = frozenset({"rendered", "refused", "failed"})


def _nothing() -> Mapping[Renderer, Binary]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Renders:
    """How roots are rendered here.

    `find` looks for the programs, which is put off until there is something to render; `confined`
    refuses to run them without a complete sandbox. One review may have `builds` made, and may spend
    `seconds` on them.
    """

    find: Callable[[], Mapping[Renderer, Binary]] = _nothing
    confined: bool = True
    builds: int = 300
    seconds: float = 120

    def builder(self, blobs: Blobs) -> Builder:
        """Who builds from these contents."""
        return Renderers(blobs, self.find(), confined=self.confined)

    @property
    def version(self) -> str:
        """All that builds, so that what another version made is not taken for this one's."""
        found = sorted(self.find().items())
        return " ".join(f"{binary} {' '.join(binary.words)}" for _, binary in found)

    @property
    def sandbox(self) -> str:
        """What confines the programs."""
        state = proved_state()
        return str(state) if self.confined or state.complete else f"{state}, not complete"


def renders_here(folders: tuple[Path, ...] = (), *, confined: bool = True) -> Renders:
    """Rendering by the programs that are found in these folders or on the PATH.

    `confined` refuses to run them without a complete sandbox.
    """
    return Renders(cache(partial(find_all, folders)), confined)


@dataclass(slots=True)
class Orders:
    """The builds of one review.

    `allowed` are the contents that the two trees hold; what is kept of one `tenant` is not told to
    another.
    """

    renders: Renders
    blobs: Blobs
    allowed: frozenset[str]
    kept: FactCache
    tenant: str = ""
    spent: float = 0.0
    made: int = 0
    tools: set[str] = field(default_factory=set)

    def built(self, build: Build) -> Built:
        """What comes of a build. Raises AnalysisError for what no honest child asks for."""
        wrong = next(_wrong(build, self.allowed), None)
        if wrong is not None:
            raise AnalysisError(f"the analysis asked for a build that cannot be: {wrong}")
        key = self._key(build)
        found = self._kept(key)
        if found is None:
            found = self._make(build)
            if found.status in _CACHED:
                self._keep(key, found)
        if found.tool:
            self.tools.add(found.tool)
        return found

    def _make(self, build: Build) -> Built:
        if self.made >= self.renders.builds:
            return Built("limit", message=f"a review may render {self.renders.builds} times")
        if self.spent >= self.renders.seconds:
            seconds = f"{self.renders.seconds:.0f}"
            return Built("limit", message=f"a review may render for {seconds} seconds")
        self.made += 1
        begun = time.monotonic()
        try:
            return self.renders.builder(self.blobs).build(build)
        finally:
            self.spent += time.monotonic() - begun

    def _key(self, build: Build) -> str:
        digest = sha256(f"{self.tenant}\0{self.renders.version}\0".encode())
        digest.update(_encode(build))
        return f"{self.tenant}:{digest.hexdigest()}"

    def _kept(self, key: str) -> Built | None:
        data = self.kept.get([key]).get(key)
        if data is None:
            return None
        try:
            return _decode(zlib.decompress(data))
        except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _keep(self, key: str, built: Built) -> None:
        if len(built.output) <= _LARGEST_KEPT:
            self.kept.put({key: zlib.compress(_encode(built), 1)})


def _wrong(build: Build, allowed: frozenset[str]) -> Iterator[str]:
    """What is wrong with a build that a child asks for: it may be anybody by now."""
    texts = (*build.edits.values(), *(build.release.values if build.release else ()))
    if len(build.files) + len(build.edits) > _MOST_FILES or sum(map(len, texts)) > _MOST_TEXT:
        yield "it is too large"
    if any(blob not in allowed for blob in build.files.values()):
        yield "it holds what is not in the two trees"
    if build.root and not _is_plain(build.root):
        yield "its directory is none"
    if not all(map(_is_plain, (*build.files, *build.edits))):
        yield "a path of it is none"
    if (build.renderer == "helm") is not (build.release is not None):
        yield "it is no chart, or has no release"
    if build.release is not None:
        yield from _wrong_release(build, build.release)


def _wrong_release(build: Build, release: Release) -> Iterator[str]:
    """Each of these becomes a word of a command."""
    if not _NAME.fullmatch(release.name) or not _NAME.fullmatch(release.namespace):
        yield "its release has no such name or namespace"
    if release.kubernetes is not None and not _VERSION.fullmatch(release.kubernetes):
        yield "it names no version of Kubernetes"
    if not all(map(_API_VERSION.fullmatch, release.api_versions)):
        yield "it names no version of an API"
    if any(path not in build.files and path not in build.edits for path in release.values_files):
        yield "its values are not among its files"


def _is_plain(path: str) -> bool:
    parts = path.split("/")
    return len(path) <= _LONGEST_PATH and not any(part in {"", ".", ".."} for part in parts)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


_encode: Final = msgspec.msgpack.Encoder(enc_hook=_plain, order="deterministic").encode
_decode: Final = msgspec.msgpack.Decoder(Built).decode
