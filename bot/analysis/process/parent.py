"""The parent half: two trees in, an analysis out, made by a child process that holds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field, replace
from pathlib import Path
from typing import Final

from bot.analysis.counters import Counters
from bot.analysis.process.answers import analysis
from bot.analysis.process.cache import FactCache
from bot.analysis.process.channel import Channel
from bot.analysis.process.content_store import ComparedTree, ContentStore
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
    Failed,
    FetchAnswer,
    FetchRequest,
    Have,
    Rest,
    Start,
    Uses,
    ValidateAnswer,
    ValidateRequest,
    Want,
    decode_message,
    frame,
)
from bot.analysis.process.packing import pack_tree, tree_change
from bot.analysis.process.renders import RENDERS, RenderRequests, Renders
from bot.analysis.process.start import StartChild, spawn
from bot.analysis.process.stored_analyses import StoredAnalyses, StoredUse
from bot.analysis.process.validations import ValidationRequests
from bot.catalog import rule_ids
from bot.core.engine.review import Analysis
from bot.core.fetching import NoFetcher
from bot.core.policy.model import ORGANISATION_PATH, POLICY_PATH, Policy
from bot.errors import AnalysisError
from bot.records import dataclass

__all__ = ["MEBIBYTE", "AnalysisOptions", "ChildLimits", "ComparedTree", "analyse"]

MEBIBYTE: Final = 1024 * 1024

_MOST_MESSAGES: Final = 1_000_000


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
    `difference` asks for the difference of the resources too. `stored`: an analysis is stored in
    the cache, and by "reuse" a stored one of the same trees answers where the policy allows it.
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
    stored: StoredUse = "no"
    on_fetch: FetchListener = ignore_fetches


def analyse(
    base: ComparedTree, head: ComparedTree, policy: Policy, options: AnalysisOptions
) -> Analysis:
    """What the change from `base` to `head` does.

    Raises AnalysisError where the child dies, meets a limit or answers nonsense, Overtaken where
    nobody wants its answer any more; never waits longer than the limits allow.
    """
    stored = StoredAnalyses(
        None if options.stored == "no" else options.cache,
        options.tenant,
        (base, head),
        (options.namespace, options.rules, options.difference, options.repositories),
    )
    reused = stored.find(policy) if options.stored == "reuse" else None
    if reused is not None:
        return reused
    result = _analysed(base, head, policy, options)
    stored.keep(policy, result)
    return result


def _analysed(
    base: ComparedTree, head: ComparedTree, policy: Policy, options: AnalysisOptions
) -> Analysis:
    """The answer of a child process."""
    limits = options.limits
    # The child cannot open files once it is confined. It imports what this process has.
    if options.difference:
        import bot.core.diff.difference  # noqa: PLC0415 - deepdiff is slow to import
    if any(base.tree.get(path) != head.tree.get(path) for path in (POLICY_PATH, ORGANISATION_PATH)):
        import bot.core.policy.changes  # noqa: F401, PLC0415 - so is the reader of policies
    with (
        FactCache(options.cache) as cache,
        FactCache(options.cache, name="renders", version=RENDERS) as kept,
        Channel(limits.memory, limits.cpu, limits.wall, options.start, options.unwanted) as channel,
    ):
        fetching = options.fetching
        store = ContentStore(base, cache, options.tenant)
        start = Start(
            pack_tree(base.tree),
            policy,
            options.namespace,
            options.rules,
            options.require_sandbox,
            options.repositories,
            fetching is not None and fetching.enabled,
            options.difference,
            store.bundle(),
        )
        channel.send(frame(start))
        owners = _owners(channel, store)
        with _session(options, owners) as session:
            store.open(head, session)
            changed, *rest = tree_change(base.tree, head.tree)
            channel.send(frame(Rest(pack_tree(changed), *rest)))
            fetches = FetchRequests(session or NoFetcher(), options.on_fetch)
            renders = RenderRequests(options.renders, store, store.allowed, kept, options.tenant)
            validations = ValidationRequests(options.renders, kept, options.tenant)
            answer = _conversation(channel, store, ParentServices(renders, fetches, validations))
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


def _owners(channel: Channel, store: ContentStore) -> frozenset[str]:
    """Whose things base takes in, by the child's word while it has seen nothing but base."""
    for _ in range(_MOST_MESSAGES):
        message = decode_message(channel.receive())
        if isinstance(message, Uses):
            store.keep(message.facts)
            return frozenset(message.owners)
        if isinstance(message, Failed):
            raise AnalysisError(_failure(message))
        if not isinstance(message, Want):
            raise AnalysisError("the analysis sent an invalid answer: it has not read head")
        channel.send(frame(Have(list(store.items(message)))))
    raise AnalysisError("the analysis requested more than it can need")


@contextmanager
def _session(options: AnalysisOptions, owners: frozenset[str]) -> Iterator[FetchedContents | None]:
    """What may be fetched for one review; None for nothing."""
    fetching = options.fetching
    if fetching is None or not fetching.enabled:
        yield None
        return
    with fetching.session(owners, options.repositories) as session:
        yield session


@dataclass(frozen=True, slots=True)
class ParentServices:
    """What the parent does for the child."""

    renders: RenderRequests
    fetches: FetchRequests
    validations: ValidationRequests


def _conversation(
    channel: Channel, store: ContentStore, services: ParentServices
) -> AnalysisAnswer:
    """Give the child the contents, builds and things from elsewhere, until it answers."""
    for _ in range(_MOST_MESSAGES):
        message = decode_message(channel.receive())
        if isinstance(message, AnalysisAnswer):
            return message
        if isinstance(message, Failed):
            raise AnalysisError(_failure(message))
        if isinstance(message, BuildRequest):
            for built, waited in services.renders.all_built(message.builds):
                channel.prolong(waited)
                channel.send(frame(BuildAnswer(built)))
            continue
        if isinstance(message, ValidateRequest):
            validated, waited = services.validations.validate_all(message.requests)
            channel.prolong(waited)
            channel.send(frame(ValidateAnswer(list(validated))))
            continue
        if isinstance(message, FetchRequest):
            fetches = services.fetches
            spent = fetches.spent
            results = fetches.fetch(message.references)
            store.allow(fetches.blobs())
            channel.send(frame(FetchAnswer(results)))
            channel.prolong(fetches.spent - spent)
            continue
        if isinstance(message, Uses):
            raise AnalysisError("the analysis sent an invalid answer: it repeated a request")
        channel.send(frame(Have(list(store.items(message)))))
    raise AnalysisError("the analysis requested more than it can need")


def _failure(message: Failed) -> str:
    if message.error == "NoSandbox":
        return "the sandbox is not complete on this machine: see 'fairlead doctor'"
    if message.error == "MemoryError":
        return "the analysis exceeded its memory limit"
    return f"the analysis failed with {message.error}"


def _count(counters: Counters, answer: AnalysisAnswer) -> None:
    counters.parsed += answer.parsed
    counters.blobs += answer.blobs
    counters.cached += answer.cached
