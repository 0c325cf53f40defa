"""The child process: reads, judges and answers; holds no secret and can reach nothing.

It is started with an empty environment and two pipes, confines itself before it reads its first
byte, and asks the parent for every content that it needs.
"""

from __future__ import annotations

import gc
import os
import re
import resource
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import msgspec

from bot.analysis.examine import Question, examine_trees, owners_of
from bot.analysis.process.answers import answer
from bot.analysis.process.content import ChildContent
from bot.analysis.process.messages import (
    MOST_OWNERS,
    OUT_OF_MEMORY,
    OWNER,
    AnalysisAnswer,
    BuildRequest,
    Failed,
    FetchRequest,
    Start,
    Uses,
    ValidateRequest,
    decode_build_answer,
    decode_fetch_answer,
    decode_rest,
    decode_start,
    decode_validate_answer,
)
from bot.analysis.process.packing import changed_tree, unpack_facts, unpack_tree
from bot.analysis.process.pipes import receive, send
from bot.catalog import load_rules
from bot.core.engine.rule import Rule
from bot.core.fetching import FetchResult, SourceReference
from bot.core.rendering import Build, Builder, BuildResult
from bot.core.validation import ValidationRequest, ValidationResult
from bot.sandbox import SandboxState, confine, still_possible


def main(memory: int, seconds: int) -> NoReturn:
    """Answer one question and end. `memory` in bytes and `seconds` of CPU are the limits."""
    _limit(memory, seconds)
    try:
        rules = load_rules()
        state = confine()
        if state.complete:
            state = replace(state, broken=tuple(still_possible()))
        _answer(decode_start(receive()), state, rules)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent hears its name
        send(Failed(type(error).__name__))
        os._exit(1)
    os._exit(0)


def _answer(start: Start, state: SandboxState, rules: tuple[Rule, ...]) -> None:
    if start.require_sandbox and not state.complete:
        send(Failed("NoSandbox"))
        return
    # One review, then the process ends: what it makes is never garbage before that.
    gc.disable()
    base = unpack_tree(start.base)
    content = ChildContent()
    content.take(unpack_facts(start.facts))
    # Of a large repository, the message is as large as what was made of it.
    start = msgspec.structs.replace(start, base={}, facts=b"")
    content.prefetch(base)
    # What may be fetched is said by base, and by a process that has seen nothing else.
    owners = owners_of(base, content, start.policy) if start.fetches else ()
    names = sorted(owner for owner in owners if re.match(OWNER, owner))
    send(Uses(names[:MOST_OWNERS], content.new))
    content.forget_texts()
    rest = decode_rest(receive())
    changed = unpack_tree(rest.changed)
    head = changed_tree(base, changed, rest.gone, rest.order)
    content.prefetch(changed)
    content.prefetch_texts(base, changed, rest.gone)
    requested_rules = [rule for rule in rules if start.rules is None or rule.id in start.rules]
    question = Question(
        base, head, start.policy, start.namespace, start.repositories, start.difference
    )
    fetcher = _Fetcher() if start.fetches else None
    analysis = examine_trees(question, content, requested_rules, _Builder(), fetcher, _Validator())
    counts = (content.counters.parsed, content.counters.blobs, content.counters.cached)
    send(AnalysisAnswer(**answer(analysis, content.new, counts), sandbox=str(state)))


class _Builder(Builder):
    """Has the parent build: this process can start nothing."""

    def build(self, build: Build) -> BuildResult:
        """What comes of a build."""
        return self.build_all([build])[0]

    def build_all(self, builds: Sequence[Build]) -> Sequence[BuildResult]:
        """What comes of each of these builds, in their order."""
        send(BuildRequest(list(builds)))
        return [decode_build_answer(receive()).built for _ in builds]


class _Validator:
    """Has the parent validate: this process can start nothing."""

    def validate_all(self, requests: Sequence[ValidationRequest]) -> Sequence[ValidationResult]:
        """The result of each request, in their order."""
        send(ValidateRequest(list(requests)))
        return decode_validate_answer(receive()).results


class _Fetcher:
    """Has the parent bring: this process can reach nothing."""

    def fetch(self, references: Sequence[SourceReference]) -> Sequence[FetchResult]:
        """What came of each reference, in their order."""
        send(FetchRequest(list(references)))
        return decode_fetch_answer(receive()).results


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
