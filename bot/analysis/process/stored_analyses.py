"""Analyses that were made before, so that a new policy needs no new ones.

An entry is found by the two trees and the version of everything that judges. The policy decides
whether it answers: `bot.core.policy.reuse`. It is what the check on GitHub already rests on, so it
is no more out of date than that.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from bot.analysis.process.answers import analysis as as_analysis
from bot.analysis.process.answers import answer
from bot.analysis.process.cache import FactCache
from bot.analysis.process.content_store import ComparedTree
from bot.analysis.process.messages import AnalysisAnswer
from bot.analysis.process.packing import encode
from bot.catalog import rule_ids
from bot.core.engine.review import Analysis
from bot.core.policy.model import Policy
from bot.core.policy.reuse import answers_for
from bot.errors import AnalysisError

StoredUse: TypeAlias = Literal["no", "keep", "reuse"]
"""Whether analyses are stored, and whether a stored one may answer."""

LARGEST: Final = 2 * 1024 * 1024
"""Bytes of an analysis; a larger one is made again."""

_MAXIMUM: Final = 128 * 1024 * 1024
_ROOT: Final = Path(__file__).parents[3]
_JUDGING: Final = ("bot/core", "bot/kubernetes", "bot/analysis", "bot/render", "bot/fetch", "rules")


class _Entry(msgspec.Struct, frozen=True):
    policy: Policy
    answer: AnalysisAnswer


_decode: Final = msgspec.msgpack.Decoder(_Entry).decode


class StoredAnalyses:
    """The stored analyses of one comparison. Without a directory, none are stored."""

    def __init__(
        self,
        directory: Path | None,
        tenant: str,
        sides: tuple[ComparedTree, ComparedTree],
        question: tuple[Any, ...],
    ) -> None:
        """`question` is what else is asked, beside the trees and the policy."""
        self._directory = directory
        self._sides = sides
        names = "\0".join(repr(part) for part in (*(side.name for side in sides), *question))
        self._key = f"{tenant}:{blake2b(names.encode(), digest_size=16).hexdigest()}"

    def find(self, policy: Policy) -> Analysis | None:
        """The stored analysis, None where there is none that answers for this policy.

        One in which a rule crashed never answers: the change of the policy may switch it off.
        """
        with self._cache() as cache_:
            data = cache_.get([self._key]).get(self._key)
        if data is None:
            return None
        base, head = self._sides
        try:
            entry = _decode(data)
            result = as_analysis(entry.answer, rule_ids(), base.tree, head.tree)
        except (msgspec.MsgspecError, AnalysisError):
            return None
        crashed = any(problem.kind == "rule-failed" for problem in result.problems)
        return None if crashed or not answers_for(entry.policy, policy) else result

    def keep(self, policy: Policy, analysis: Analysis) -> None:
        """Store an analysis under the policy for which it was made."""
        if self._directory is None:
            return
        fields = answer(analysis, [], (0, 0, 0))
        data = encode(_Entry(policy, AnalysisAnswer(sandbox="", **fields)))
        if len(data) <= LARGEST:
            with self._cache() as cache_:
                cache_.put({self._key: data})

    def _cache(self) -> FactCache:
        return FactCache(
            self._directory, maximum=_MAXIMUM, name="analyses", version=_judging_version()
        )


@cache
def _judging_version() -> str:
    """A digest of everything that judges, so that no other version's analysis is taken for ours."""
    digest = blake2b(digest_size=8)
    for package in _JUDGING:
        for path in sorted((_ROOT / package).rglob("*.py")):
            digest.update(str(path.relative_to(_ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
