"""Build requests of the child: validated, limited, cached and carried out by the parent."""

from __future__ import annotations

import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, get_args

import msgspec

from bot.analysis.process.cache import FactCache
from bot.core.rendering import Build, Builder, BuildResult, Release, Renderer
from bot.core.tree import Blobs
from bot.errors import AnalysisError
from bot.patterns import pattern
from bot.sandbox import proved_state

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from bot.render.programs import Binary
    from bot.render.validator import ValidatorProgram

_MOST_FILES: Final = 20_000
_MOST_TEXT: Final = 8 * 1024 * 1024
_LONGEST_PATH: Final = 1_024
_LARGEST_KEPT: Final = 32 * 1024 * 1024
# Raised where the way in which a build is carried out changes what comes of it.
RENDERS: Final = "1"

_NAME: Final = pattern(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_VERSION: Final = pattern(r"v?1\.[0-9]{1,3}(?:\.[0-9]{1,3})?")
_API_VERSION: Final = pattern(r"[A-Za-z0-9][\w./-]{0,251}")

_CACHED: Final = frozenset({"rendered", "refused", "failed"})


def _nothing(name: Renderer) -> Binary | None:
    del name
    return None


@dataclass(frozen=True, slots=True)
class _Found(Mapping[Renderer, "Binary"]):
    """The programs that are found here, each looked for when it is asked for."""

    find: Callable[[Renderer], Binary | None]

    def __getitem__(self, name: Renderer) -> Binary:
        binary = self.find(name)
        if binary is None:
            raise KeyError(name)
        return binary

    def __iter__(self) -> Iterator[Renderer]:
        return (name for name in get_args(Renderer) if self.find(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class Renders:
    """How roots are rendered here.

    `find` looks for a program, which is put off until there is something to build by it; `confined`
    refuses to run them without a complete sandbox. One review may have `builds` made, `parallel` at
    a time, and may spend `seconds` on them. `find_validator` looks for the validator.
    """

    find: Callable[[Renderer], Binary | None] = _nothing
    confined: bool = True
    builds: int = 400
    seconds: float = 120
    parallel: int = 2
    find_validator: Callable[[], Binary | None] = lambda: None

    def builder(self, blobs: Blobs) -> Builder:
        """Who builds from these contents."""
        from bot.render.renderers import Renderers  # noqa: PLC0415 - only where something is built

        return Renderers(blobs, _Found(self.find), confined=self.confined)

    def validator(self, binary: Binary) -> ValidatorProgram:
        """The validator in this file, to run it."""
        from bot.render.validator import ValidatorProgram  # noqa: PLC0415 - only where one is asked

        return ValidatorProgram(binary, confined=self.confined)

    def version(self, name: Renderer) -> str:
        """What builds, so that what another version made is not taken for this one's."""
        binary = self.find(name)
        return "" if binary is None else f"{binary} {' '.join(binary.words)}"

    @property
    def sandbox(self) -> str:
        """What confines the programs."""
        state = proved_state()
        return str(state) if self.confined or state.complete else f"{state}, not complete"


def renders_here(folders: tuple[Path, ...] = (), *, confined: bool = True) -> Renders:
    """Rendering by the programs that are found in these folders or on the PATH.

    `confined` refuses to run them without a complete sandbox.
    """
    return Renders(
        cache(partial(_find_binary, folders)),
        confined,
        find_validator=cache(partial(_find_validator, folders)),
    )


def _find_validator(folders: tuple[Path, ...]) -> Binary | None:
    from bot.render.programs import find_validator  # noqa: PLC0415 - only where something is validated

    return find_validator(folders)


def _find_binary(folders: tuple[Path, ...], name: Renderer) -> Binary | None:
    from bot.render.tools import find  # noqa: PLC0415 - only where something is built

    return find(name, folders)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A build by the key that it is kept under: what came of it, or will."""

    key: str
    built: BuildResult | Future[BuildResult]


@dataclass(frozen=True, slots=True)
class _OneAtATime:
    """Contents for several threads, from who can be asked by one."""

    blobs: Blobs
    _lock: Lock = field(default_factory=Lock)

    def data(self, blob: str) -> bytes:
        """The content of a file. Raises KeyError where there is none."""
        with self._lock:
            return self.blobs.data(blob)


@dataclass(slots=True)
class RenderRequests(Builder):
    """The builds of one review.

    `allowed` are the contents that the two trees hold; what is kept of one `tenant` is not told to
    another.
    """

    renders: Renders
    blobs: Blobs
    allowed: AbstractSet[str]
    kept: FactCache
    tenant: str = ""
    spent: float = 0.0
    builds_made: int = 0
    tools: set[str] = field(default_factory=set)
    _builder: Builder | None = None

    def build(self, build: Build) -> BuildResult:
        """What comes of a build."""
        return self.build_all([build])[0]

    def build_all(self, builds: Sequence[Build]) -> Sequence[BuildResult]:
        """What comes of each of these builds, in their order."""
        return [built for built, _ in self.all_built(builds)]

    def all_built(self, builds: Sequence[Build]) -> Iterator[tuple[BuildResult, float]]:
        """What comes of each build, in their order, and the seconds that were waited for it.

        Raises AnalysisError for what no honest child asks for, before anything is built.
        """
        wrong = next((text for build in builds for text in _wrong(build, self.allowed)), None)
        if wrong is not None:
            raise AnalysisError(f"the analysis requested an impossible build: {wrong}")
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - same as the renderers

        pool = ThreadPoolExecutor(self.renders.parallel)
        begun: deque[_Begun] = deque()
        try:
            for build in builds:
                begun.append(self._begun(build, pool))
                if len(begun) > 2 * self.renders.parallel:
                    yield self._ended(begun.popleft())
            while begun:
                yield self._ended(begun.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _begun(self, build: Build, pool: ThreadPoolExecutor) -> _Begun:
        """A build under way, or one that need not or must not be made."""
        key = self._key(build)
        kept = self._kept(key)
        if kept is not None:
            return _Begun(key, kept)
        if self.builds_made >= self.renders.builds:
            return _Begun(
                key,
                BuildResult(
                    "limit",
                    message=f"the review's limit of {self.renders.builds} builds is reached",
                ),
            )
        self.builds_made += 1
        if self._builder is None:
            # Here, and not in a thread: what it finds out first, it finds out once.
            self._builder = self.renders.builder(_OneAtATime(self.blobs))
        return _Begun(key, pool.submit(self._make, build, self._builder))

    def _make(self, build: Build, builder: Builder) -> BuildResult:
        if self.spent >= self.renders.seconds:
            seconds = f"{self.renders.seconds:.0f}"
            return BuildResult(
                "limit", message=f"the review's limit of {seconds} seconds for building is reached"
            )
        return builder.build(build)

    def _ended(self, begun: _Begun) -> tuple[BuildResult, float]:
        """What came of a build, kept for the next review where it is the same each time."""
        built, waited = begun.built, 0.0
        if not isinstance(built, BuildResult):
            start = time.monotonic()
            built = built.result()
            waited = time.monotonic() - start
            self.spent += waited
            if built.status in _CACHED:
                self._keep(begun.key, built)
        if built.tool:
            self.tools.add(built.tool)
        return built, waited

    def _key(self, build: Build) -> str:
        digest = sha256(f"{self.tenant}\0{self.renders.version(build.renderer)}\0".encode())
        digest.update(_encode(build))
        return f"{self.tenant}:{digest.hexdigest()}"

    def _kept(self, key: str) -> BuildResult | None:
        data = self.kept.get([key]).get(key)
        if data is None:
            return None
        try:
            return _decode(zlib.decompress(data))
        except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _keep(self, key: str, built: BuildResult) -> None:
        if len(built.output) <= _LARGEST_KEPT:
            self.kept.put({key: zlib.compress(_encode(built), 1)})


def _wrong(build: Build, allowed: AbstractSet[str]) -> Iterator[str]:
    """What is wrong with a build that a child asks for: it may be anybody by now."""
    texts = (*build.edits.values(), *(build.release.values if build.release else ()))
    if len(build.files) + len(build.edits) > _MOST_FILES or sum(map(len, texts)) > _MOST_TEXT:
        yield "it is too large"
    if any(blob not in allowed for blob in build.files.values()):
        yield "it has a file that is not in the two trees"
    if build.root and not _is_plain(build.root):
        yield "its directory is not valid"
    if not all(map(_is_plain, (*build.files, *build.edits))):
        yield "one of its paths is not valid"
    if (build.renderer == "helm") is not (build.release is not None):
        yield "it is not a chart, or has no release"
    if build.release is not None:
        yield from _wrong_release(build, build.release)


def _wrong_release(build: Build, release: Release) -> Iterator[str]:
    """Each of these becomes a word of a command."""
    if not _NAME.fullmatch(release.name) or not _NAME.fullmatch(release.namespace):
        yield "its release has an invalid name or namespace"
    if release.kubernetes is not None and not _VERSION.fullmatch(release.kubernetes):
        yield "its Kubernetes version is not valid"
    if not all(map(_API_VERSION.fullmatch, release.api_versions)):
        yield "one of its API versions is not valid"
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
_decode: Final = msgspec.msgpack.Decoder(BuildResult).decode
