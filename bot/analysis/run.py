"""The parent half: two trees in, an analysis out, made by a child process that holds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from bot.analysis.cache import FactCache
from bot.analysis.channel import LAUNCH, Channel
from bot.analysis.counters import Counters
from bot.analysis.renders import RENDERS, Orders, Renders
from bot.analysis.wire import (
    Answer,
    FactKind,
    Failed,
    Have,
    Made,
    Order,
    Start,
    Want,
    analysis,
    decode_message,
    frame,
    pack_tree,
)
from bot.catalog import rule_ids
from bot.core.policy import Policy
from bot.core.review import Analysis
from bot.core.tree import Blobs, Tree
from bot.errors import AnalysisError
from bot.git import BlobReader

MEBIBYTE: Final = 1024 * 1024

# What one answer may hold of contents: a child asks in portions, and no honest one for more.
_MOST_ITEMS: Final = 2000
_LARGEST_ANSWER: Final = 128 * MEBIBYTE
_MOST_MESSAGES: Final = 1_000_000
_LINKABLE: Final = frozenset({"100644", "100755", "120000"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use: bytes of memory, seconds of CPU, seconds of the clock."""

    memory: int = 1024 * MEBIBYTE
    cpu: int = 120
    wall: float = 180


@dataclass(frozen=True, slots=True)
class Options:
    """How an analysis is run.

    `namespace` is what a resource without one gets; `rules` names the rules to ask, None for all;
    `cache` is the directory of what was read before, None for none; `require_sandbox` refuses to
    analyse where Landlock or seccomp is missing. `counters` are counted into. `launch` is the
    program of the child. `renders` is how roots are rendered, `repositories` are the addresses by
    which objects of the trees name their own repository. `unwanted` is asked now and then while
    the child works: where nobody wants its answer any more, it ends.
    """

    namespace: str = "default"
    rules: tuple[str, ...] | None = None
    cache: Path | None = None
    tenant: str = ""
    require_sandbox: bool = False
    limits: Limits = Limits()
    counters: Counters = field(default_factory=Counters)
    launch: str = LAUNCH
    renders: Renders = field(default_factory=Renders)
    repositories: tuple[str, ...] = ()
    unwanted: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two things compared: its files, where their content is, and its name."""

    tree: Tree
    blobs: Blobs
    name: str


def analyse(base: Side, head: Side, policy: Policy, options: Options) -> Analysis:
    """What the change from `base` to `head` does.

    Raises AnalysisError where the child dies, meets a limit or answers nonsense, Overtaken where
    nobody wants its answer any more; never waits longer than the limits allow.
    """
    limits = options.limits
    with (
        FactCache(options.cache) as cache,
        FactCache(options.cache, name="renders", version=RENDERS) as kept,
        Channel(
            limits.memory, limits.cpu, limits.wall, options.launch, options.unwanted
        ) as channel,
    ):
        channel.send(
            frame(
                Start(
                    pack_tree(base.tree),
                    pack_tree(head.tree),
                    policy,
                    options.namespace,
                    options.rules,
                    options.require_sandbox,
                    options.repositories,
                )
            )
        )
        store = _Store(base, head, cache, options.tenant)
        both = _Both(base.blobs, head.blobs)
        orders = Orders(options.renders, both, store.allowed, kept, options.tenant)
        said = _conversation(channel, store, orders)
        found = analysis(said, rule_ids(), base.tree, head.tree)
        store.keep(said.facts)
    _count(options.counters, said)
    return _with_tools(found, orders)


def _with_tools(found: Analysis, orders: Orders) -> Analysis:
    """The analysis with what the parent alone knows of how it was rendered."""
    rendered = found.summary.rendered
    if rendered is None:
        return found
    tools, sandbox = tuple(sorted(orders.tools)), orders.renders.sandbox
    said = replace(rendered, tools=tools, sandbox=sandbox if tools else "")
    return replace(found, summary=replace(found.summary, rendered=said))


def _conversation(channel: Channel, store: _Store, orders: Orders) -> Answer:
    """Give the child the contents and builds that it asks for, until it answers."""
    for _ in range(_MOST_MESSAGES):
        message = decode_message(channel.receive())
        if isinstance(message, Answer):
            return message
        if isinstance(message, Failed):
            raise AnalysisError(_failure(message))
        if isinstance(message, Order):
            spent = orders.spent
            channel.send(frame(Made(orders.built(message.build))))
            channel.prolong(orders.spent - spent)
            continue
        channel.send(frame(Have(list(store.items(message)))))
    raise AnalysisError("the analysis asked for more than it can need")


def _failure(message: Failed) -> str:
    if message.error == "NoSandbox":
        return "the sandbox is not complete on this machine: see 'fairlead doctor'"
    if message.error == "MemoryError":
        return "the analysis needed more memory than it may have"
    return f"the analysis failed with {message.error}"


def _count(counters: Counters, said: Answer) -> None:
    counters.parsed += said.parsed
    counters.blobs += said.blobs
    counters.cached += said.cached


class _Store:
    """What the child may be given: contents of the two trees, and facts about them."""

    def __init__(self, base: Side, head: Side, cache: FactCache, tenant: str) -> None:
        self._sides = (base, head)
        self._cache = cache
        self._tenant = tenant
        self.allowed = frozenset(
            file.blob
            for side in self._sides
            for file in side.tree.values()
            if file.mode in _LINKABLE
        )
        self._served: set[tuple[FactKind, str]] = set()

    def items(self, want: Want) -> Iterator[tuple[Literal["facts", "data"], bytes | None]]:
        """The answer to each item. Raises AnalysisError for what no honest child asks for."""
        if len(want.items) > _MOST_ITEMS or any(blob not in self.allowed for _, blob in want.items):
            raise AnalysisError("the analysis asked for what is not in the two trees")
        keys = {mark: self._key(*mark) for mark in want.items if mark[0] != "data"}
        facts = self._cache.get(list(keys.values()))
        missing = [blob for kind, blob in want.items if facts.get(self._key(kind, blob)) is None]
        contents = self._contents(missing)
        given = 0
        for kind, blob in want.items:
            known = facts.get(self._key(kind, blob))
            data = contents.get(blob) if known is None else known
            given += len(data or b"")
            if given > _LARGEST_ANSWER:
                raise AnalysisError("the analysis asked for too much at once")
            if known is None and data is not None and kind != "data":
                self._served.add((kind, blob))
            yield ("data" if known is None else "facts", data)

    def keep(self, facts: list[tuple[FactKind, str, bytes]]) -> None:
        """Keep what the child made of contents that it was given in this very run."""
        self._cache.put(
            {
                self._key(kind, blob): data
                for kind, blob, data in facts
                if (kind, blob) in self._served
            }
        )

    def _key(self, kind: FactKind, blob: str) -> str:
        return f"{self._tenant}:{kind}:{blob}"

    def _contents(self, blobs: list[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for side in self._sides[::-1]:
            left = [blob for blob in dict.fromkeys(blobs) if blob not in found]
            found.update(_read(side.blobs, left))
        return found


@dataclass(frozen=True, slots=True)
class _Both:
    """The contents of two sides, of which one may lack what the other has."""

    base: Blobs
    head: Blobs

    def data(self, blob: str) -> bytes:
        """The content of a file. Raises KeyError where neither has it."""
        try:
            return self.head.data(blob)
        except KeyError:
            return self.base.data(blob)


def _read(blobs: Blobs, wanted: list[str]) -> Iterator[tuple[str, bytes]]:
    """The contents that are there; git's reader is asked for all of them at once."""
    if isinstance(blobs, BlobReader):
        yield from ((blob, data) for blob, data in blobs.read(wanted) if data is not None)
        return
    for blob in wanted:
        try:
            yield blob, blobs.data(blob)
        except KeyError:
            continue
