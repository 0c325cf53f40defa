"""The parent half: two trees in, an analysis out, made by a child process that holds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from bot.analysis.counters import Counters
from bot.analysis.process.cache import FactCache
from bot.analysis.process.channel import Channel
from bot.analysis.process.fetch_requests import (
    FetchedContents,
    Fetches,
    FetchListener,
    FetchRequests,
    ignore_fetches,
)
from bot.analysis.process.messages import (
    AnalysisAnswer,
    BuildAnswer,
    BuildRequest,
    FactKind,
    Failed,
    FetchAnswer,
    FetchRequest,
    Have,
    Rest,
    Start,
    Uses,
    Want,
    analysis,
    decode_message,
    frame,
    pack_tree,
)
from bot.analysis.process.renders import RENDERS, RenderRequests, Renders
from bot.analysis.process.start import StartChild, spawn
from bot.catalog import rule_ids
from bot.core.engine.review import Analysis
from bot.core.fetching import NoFetcher
from bot.core.policy.model import Policy
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
class ChildLimits:
    """What the child may use: bytes of memory, seconds of CPU, seconds of the clock."""

    memory: int = 1024 * MEBIBYTE
    cpu: int = 120
    wall: float = 180


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """How an analysis is run.

    `namespace` is what a resource without one gets; `rules` names the rules to ask, None for all;
    `cache` is the directory of what was read before, None for none; `require_sandbox` refuses to
    analyse where Landlock or seccomp is missing. `counters` are counted into. `start` starts
    the child. `renders` is how roots are rendered, `repositories` are the addresses by
    which objects of the trees name their own repository. `unwanted` is asked now and then while
    the child works: where nobody wants its answer any more, it ends. `fetching` is how what lies
    elsewhere is brought, None for not at all; `on_fetch` hears what is being fetched.
    `difference` asks for the difference of the resources too.
    """

    namespace: str = "default"
    rules: tuple[str, ...] | None = None
    cache: Path | None = None
    tenant: str = ""
    require_sandbox: bool = False
    limits: ChildLimits = ChildLimits()
    counters: Counters = field(default_factory=Counters)
    start: StartChild = spawn
    renders: Renders = field(default_factory=Renders)
    repositories: tuple[str, ...] = ()
    unwanted: Callable[[], bool] = lambda: False
    fetching: Fetches | None = None
    difference: bool = False
    on_fetch: FetchListener = ignore_fetches


@dataclass(frozen=True, slots=True)
class ComparedTree:
    """One of the two things compared: its files, where their content is, and its name."""

    tree: Tree
    blobs: Blobs
    name: str


def analyse(
    base: ComparedTree, head: ComparedTree, policy: Policy, options: AnalysisOptions
) -> Analysis:
    """What the change from `base` to `head` does.

    Raises AnalysisError where the child dies, meets a limit or answers nonsense, Overtaken where
    nobody wants its answer any more; never waits longer than the limits allow.
    """
    limits = options.limits
    if options.difference:
        # The child cannot open files once it is confined. It imports what this process has.
        import bot.core.diff.difference  # noqa: F401, PLC0415 - deepdiff is slow to import
    with (
        FactCache(options.cache) as cache,
        FactCache(options.cache, name="renders", version=RENDERS) as kept,
        Channel(limits.memory, limits.cpu, limits.wall, options.start, options.unwanted) as channel,
    ):
        fetching = options.fetching
        start = Start(
            pack_tree(base.tree),
            policy,
            options.namespace,
            options.rules,
            options.require_sandbox,
            options.repositories,
            fetching is not None and fetching.enabled,
            options.difference,
        )
        channel.send(frame(start))
        store = _Store(base, cache, options.tenant)
        owners = _owners(channel, store)
        with _session(options, owners) as session:
            store.open(head, session)
            channel.send(frame(Rest(pack_tree(head.tree))))
            fetches = FetchRequests(session or NoFetcher(), options.on_fetch)
            renders = RenderRequests(options.renders, store, store.allowed, kept, options.tenant)
            answer = _conversation(channel, store, renders, fetches)
        result = analysis(answer, rule_ids(), base.tree, head.tree)
        store.keep(answer.facts)
    _count(options.counters, answer)
    return _with_tools(result, renders, fetches)


def _with_tools(result: Analysis, renders: RenderRequests, fetches: FetchRequests) -> Analysis:
    """The analysis with what the parent alone knows of how it was rendered and what of."""
    summary = replace(result.summary, fetched=fetches.fetched())
    rendered = summary.rendered
    if rendered is not None:
        tools, sandbox = tuple(sorted(renders.tools)), renders.renders.sandbox
        roots = replace(rendered, tools=tools, sandbox=sandbox if tools else "")
        summary = replace(summary, rendered=roots)
    return replace(result, summary=summary)


def _owners(channel: Channel, store: _Store) -> frozenset[str]:
    """Whose things base takes in, by the child's word while it has seen nothing but base."""
    for _ in range(_MOST_MESSAGES):
        message = decode_message(channel.receive())
        if isinstance(message, Uses):
            store.keep(message.facts)
            return frozenset(message.owners)
        if isinstance(message, Failed):
            raise AnalysisError(_failure(message))
        if not isinstance(message, Want):
            raise AnalysisError("the analysis answered nonsense: it has not seen head")
        channel.send(frame(Have(list(store.items(message)))))
    raise AnalysisError("the analysis asked for more than it can need")


@contextmanager
def _session(options: AnalysisOptions, owners: frozenset[str]) -> Iterator[FetchedContents | None]:
    """What may be fetched for one review; None for nothing."""
    fetching = options.fetching
    if fetching is None or not fetching.enabled:
        yield None
        return
    with fetching.session(owners, options.repositories) as session:
        yield session


def _conversation(
    channel: Channel, store: _Store, renders: RenderRequests, fetches: FetchRequests
) -> AnalysisAnswer:
    """Give the child the contents, builds and things from elsewhere, until it answers."""
    for _ in range(_MOST_MESSAGES):
        message = decode_message(channel.receive())
        if isinstance(message, AnalysisAnswer):
            return message
        if isinstance(message, Failed):
            raise AnalysisError(_failure(message))
        if isinstance(message, BuildRequest):
            for built, waited in renders.all_built(message.builds):
                channel.prolong(waited)
                channel.send(frame(BuildAnswer(built)))
            continue
        if isinstance(message, FetchRequest):
            spent = fetches.spent
            results = fetches.fetch(message.references)
            store.allow(fetches.blobs())
            channel.send(frame(FetchAnswer(results)))
            channel.prolong(fetches.spent - spent)
            continue
        if isinstance(message, Uses):
            raise AnalysisError("the analysis answered nonsense: it was asked that once")
        channel.send(frame(Have(list(store.items(message)))))
    raise AnalysisError("the analysis asked for more than it can need")


def _failure(message: Failed) -> str:
    if message.error == "NoSandbox":
        return "the sandbox is not complete on this machine: see 'fairlead doctor'"
    if message.error == "MemoryError":
        return "the analysis needed more memory than it may have"
    return f"the analysis failed with {message.error}"


def _count(counters: Counters, answer: AnalysisAnswer) -> None:
    counters.parsed += answer.parsed
    counters.blobs += answer.blobs
    counters.cached += answer.cached


class _Store:
    """The contents that the child may read: base's, later also head's and fetched ones.

    What a child says of a content before it has seen anything of head is kept apart, and alone is
    told to one that has not: whoever takes a child over by head cannot say what base holds.
    """

    def __init__(self, base: ComparedTree, cache: FactCache, tenant: str) -> None:
        self._blobs: list[Blobs] = [base.blobs]
        self._cache = cache
        self._tenant = tenant
        self._is_open = False
        self.allowed = set(_readable(base.tree))
        self._served: set[tuple[FactKind, str]] = set()

    def open(self, head: ComparedTree, fetched: Blobs | None) -> None:
        """Serve contents of head and of fetched files from here on."""
        self._is_open = True
        self._served.clear()
        self._blobs.insert(0, head.blobs)
        self._blobs += [fetched] if fetched is not None else []
        self.allow(_readable(head.tree))

    def allow(self, blobs: Iterable[str]) -> None:
        """From now on give these contents."""
        self.allowed.update(blobs)

    def data(self, blob: str) -> bytes:
        """The content of a file. Raises KeyError where none of all has it."""
        for source in self._blobs:
            try:
                return source.data(blob)
            except KeyError:
                continue
        raise KeyError(blob)

    def items(self, want: Want) -> Iterator[tuple[Literal["facts", "data"], bytes | None]]:
        """The answer to each item. Raises AnalysisError for what no honest child asks for."""
        if len(want.items) > _MOST_ITEMS or any(blob not in self.allowed for _, blob in want.items):
            raise AnalysisError("the analysis asked for what is not in the two trees")
        facts = self._facts([key for key in want.items if key[0] != "data"])
        missing = [cache_key[1] for cache_key in want.items if cache_key not in facts]
        contents = self._contents(missing)
        size = 0
        for kind, blob in want.items:
            fact = facts.get((kind, blob))
            data = contents.get(blob) if fact is None else fact
            size += len(data or b"")
            if size > _LARGEST_ANSWER:
                raise AnalysisError("the analysis asked for too much at once")
            if fact is None and data is not None and kind != "data":
                self._served.add((kind, blob))
            yield ("data" if fact is None else "facts", data)

    def keep(self, facts: list[tuple[FactKind, str, bytes]]) -> None:
        """Keep what the child made of contents that it was given in this very run."""
        self._cache.put(
            {
                self._key(kind, blob, of_base=not self._is_open): data
                for kind, blob, data in facts
                if (kind, blob) in self._served
            }
        )

    def _facts(self, marks: Sequence[tuple[FactKind, str]]) -> Mapping[tuple[FactKind, str], bytes]:
        """What was kept of these: what was said of base, and then what was said since as well."""
        known_facts: dict[tuple[FactKind, str], bytes] = {}
        for of_base in (True, False) if self._is_open else (True,):
            keys = {
                self._key(*cache_key, of_base=of_base): cache_key
                for cache_key in marks
                if cache_key not in known_facts
            }
            cached = self._cache.get(list(keys))
            known_facts.update((keys[key], data) for key, data in cached.items())
        return known_facts

    def _key(self, kind: FactKind, blob: str, *, of_base: bool) -> str:
        return f"{self._tenant}:{'base-' if of_base else ''}{kind}:{blob}"

    def _contents(self, blobs: list[str]) -> dict[str, bytes]:
        contents: dict[str, bytes] = {}
        for source in self._blobs:
            pending = [blob for blob in dict.fromkeys(blobs) if blob not in contents]
            contents.update(_read(source, pending))
        return contents


def _readable(tree: Tree) -> Iterator[str]:
    return (file.blob for file in tree.values() if file.mode in _LINKABLE)


def _read(blobs: Blobs, requested: list[str]) -> Iterator[tuple[str, bytes]]:
    """The contents that are there; git's reader is asked for all of them at once."""
    if isinstance(blobs, BlobReader):
        yield from ((blob, data) for blob, data in blobs.read(requested) if data is not None)
        return
    for blob in requested:
        try:
            yield blob, blobs.data(blob)
        except KeyError:
            continue
