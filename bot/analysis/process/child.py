"""The child process: reads, judges and answers; holds no secret and can reach nothing.

It is started with an empty environment and two pipes, confines itself before it reads its first
byte, and asks the parent for every content that it needs.
"""

from __future__ import annotations

import gc
import os
import re
import resource
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from bot.analysis.counters import Counters
from bot.analysis.examine import Question, examine_trees, owners_of
from bot.analysis.manifests import (
    LARGEST,
    MISSING,
    link_text,
    read,
    read_kustomization,
    too_large,
)
from bot.analysis.process.messages import (
    HEADER,
    LARGEST_FRAME,
    MOST_OWNERS,
    OUT_OF_MEMORY,
    OWNER,
    AnalysisAnswer,
    BuildRequest,
    FactKind,
    Failed,
    FetchRequest,
    Start,
    Uses,
    Want,
    answer,
    decode_build_answer,
    decode_fetch_answer,
    decode_have,
    decode_rest,
    decode_start,
    frame,
    pack_manifest,
    unpack_manifest,
    unpack_tree,
)
from bot.catalog import load_rules
from bot.core.engine.rule import Rule
from bot.core.fetching import FetchResult, SourceReference
from bot.core.manifest import Manifest
from bot.core.rendering import Build, Builder, BuildResult
from bot.core.states.roots.files import KUSTOMIZATION_NAMES, MANIFEST_SUFFIXES, REGULAR, base_name
from bot.core.tree import File, Tree
from bot.sandbox import SandboxState, confine, still_possible

_INPUT: Final = 0
_OUTPUT: Final = 1
_MOST_AT_ONCE: Final = 1000
_BYTES_AT_ONCE: Final = 16 * 1024 * 1024


def main(memory: int, seconds: int) -> NoReturn:
    """Answer one question and end. `memory` in bytes and `seconds` of CPU are the limits."""
    _limit(memory, seconds)
    try:
        rules = load_rules()
        state = confine()
        if state.complete:
            state = replace(state, broken=tuple(still_possible()))
        _answer(decode_start(_receive()), state, rules)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent hears its name
        _send(Failed(type(error).__name__))
        os._exit(1)
    os._exit(0)


def _answer(start: Start, state: SandboxState, rules: tuple[Rule, ...]) -> None:
    if start.require_sandbox and not state.complete:
        _send(Failed("NoSandbox"))
        return
    # One review, then the process ends: what it makes is never garbage before that.
    gc.disable()
    base = unpack_tree(start.base)
    content = _Content()
    content.prefetch((base,))
    # What may be fetched is said by base, and by a process that has seen nothing else.
    owners = owners_of(base, content, start.policy) if start.fetches else ()
    names = sorted(owner for owner in owners if re.match(OWNER, owner))
    _send(Uses(names[:MOST_OWNERS], content.new))
    content.new = []
    head = unpack_tree(decode_rest(_receive()).head, base)
    content.prefetch((base, head))
    requested_rules = [rule for rule in rules if start.rules is None or rule.id in start.rules]
    question = Question(
        base, head, start.policy, start.namespace, start.repositories, start.difference
    )
    fetcher = _Fetcher() if start.fetches else None
    analysis = examine_trees(question, content, requested_rules, _Builder(), fetcher)
    counts = (content.counters.parsed, content.counters.blobs, content.counters.cached)
    _send(AnalysisAnswer(**answer(analysis, content.new, counts), sandbox=str(state)))


class _Builder(Builder):
    """Has the parent build: this process can start nothing."""

    def build(self, build: Build) -> BuildResult:
        """What comes of a build."""
        return self.build_all([build])[0]

    def build_all(self, builds: Sequence[Build]) -> Sequence[BuildResult]:
        """What comes of each of these builds, in their order."""
        _send(BuildRequest(list(builds)))
        return [decode_build_answer(_receive()).built for _ in builds]


class _Fetcher:
    """Has the parent bring: this process can reach nothing."""

    def fetch(self, references: Sequence[SourceReference]) -> Sequence[FetchResult]:
        """What came of each reference, in their order."""
        _send(FetchRequest(list(references)))
        return decode_fetch_answer(_receive()).found


@dataclass(slots=True)
class _Content:
    """What files hold, as the parent tells it. `new` are facts that the parent did not have."""

    counters: Counters = field(default_factory=Counters)
    new: list[tuple[FactKind, str, bytes]] = field(default_factory=list)
    _packed: dict[tuple[FactKind, str], bytes] = field(default_factory=dict)
    _read: dict[tuple[FactKind, str], Manifest] = field(default_factory=dict)

    def prefetch(self, trees: Iterable[Tree]) -> None:
        """Ask for everything that a review of these trees is going to need, in few messages."""
        requested = dict.fromkeys(
            (kind, file)
            for tree in trees
            for path, file in tree.items()
            if file.mode in REGULAR and file.size <= LARGEST
            for kind in _kinds(path)
            if (key := (kind, file.blob)) not in self._read and key not in self._packed
        )
        for some in _portions(requested):
            self._ask([(kind, file.blob) for kind, file in some])

    def manifest(self, file: File) -> Manifest:
        """Both readings of a file."""
        return self._read_once("manifest", file)

    def kustomization(self, file: File) -> Manifest:
        """Both readings of a kustomization's file."""
        return self._read_once("kustomization", file)

    def link(self, file: File) -> str:
        """Where a symlink points."""
        return link_text(file, self.data)

    def data(self, blob: str) -> bytes:
        """The content of a file. Raises KeyError where the parent has none."""
        self.counters.blobs += 1
        _send(Want([("data", blob)]))
        ((_, data),) = decode_have(_receive()).items
        if data is None:
            raise KeyError(blob)
        return data

    def _read_once(self, kind: FactKind, file: File) -> Manifest:
        if file.size > LARGEST:
            return too_large(file)
        key = (kind, file.blob)
        if key not in self._read:
            if key not in self._packed:
                self._ask([key])
            if key not in self._read:
                self._read[key] = self._unpacked(key, self._packed.pop(key))
        return self._read[key]

    def _unpacked(self, key: tuple[FactKind, str], packed: bytes) -> Manifest:
        """What was kept; read anew where the disk, or somebody, has spoiled it."""
        try:
            return unpack_manifest(packed)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._parsed(key, self.data(key[1]))

    def _parsed(self, key: tuple[FactKind, str], data: bytes) -> Manifest:
        self.counters.parsed += 1
        manifest = read(data) if key[0] == "manifest" else read_kustomization(data)
        self.new.append((*key, pack_manifest(manifest)))
        return manifest

    def _ask(self, marks: list[tuple[FactKind, str]]) -> None:
        _send(Want(marks))
        for key, (form, data) in zip(marks, decode_have(_receive()).items, strict=True):
            if data is None:
                self._read[key] = MISSING
            elif form == "facts":
                self.counters.cached += 1
                self._packed[key] = data
            else:
                self.counters.blobs += 1
                self._read[key] = self._parsed(key, data)


def _kinds(path: str) -> Iterator[FactKind]:
    if path.endswith(MANIFEST_SUFFIXES):
        yield "manifest"
    if base_name(path) in KUSTOMIZATION_NAMES:
        yield "kustomization"


def _portions(
    requested: Iterable[tuple[FactKind, File]],
) -> Iterator[list[tuple[FactKind, File]]]:
    some: list[tuple[FactKind, File]] = []
    size = 0
    for item in requested:
        if some and (len(some) >= _MOST_AT_ONCE or size + item[1].size > _BYTES_AT_ONCE):
            yield some
            some, size = [], 0
        some.append(item)
        size += item[1].size
    if some:
        yield some


def _limit(memory: int, seconds: int) -> None:
    """The limits of this process. Data is what it allocates; the address space is a backstop."""
    # At the soft limit the process gets a signal that says why it ends, at the hard one none.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    for name, most in (
        (resource.RLIMIT_DATA, memory + _mapped()),
        (resource.RLIMIT_AS, 4 * memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        _, hard = resource.getrlimit(name)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (bound, bound))


def _mapped() -> int:
    """Bytes of private memory that importing has mapped; they are not the review's.

    cachebox, on which deepdiff depends, reserves 1 GiB when it is imported and uses little of it.
    """
    try:
        # https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html: the sixth field is data.
        return int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def _send(message: msgspec.Struct) -> None:
    remaining = memoryview(frame(message))
    while remaining:
        remaining = remaining[os.write(_OUTPUT, remaining) :]


def _receive() -> bytes:
    (size,) = HEADER.unpack(_exactly(HEADER.size))
    if size > LARGEST_FRAME:
        raise ValueError("a message that cannot be")
    return _exactly(size)


def _exactly(size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = os.read(_INPUT, min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
