"""The comparisons that a review judges beside those of head's own placements, in their order.

Each shows what the earlier ones hide: nothing that a change adds makes less of it judged, and no
resource hides another one of its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Final

from bot.core.engine.judge import Judged
from bot.core.finding import FileLine
from bot.core.states import Pair, States
from bot.core.values import Value
from bot.kubernetes.apply.carriers.guards import (
    copies_in_words,
    left_carriers,
    moved_in_words,
    newly_carried,
    without_guards,
)
from bot.kubernetes.apply.received import received_once
from bot.records import dataclass

_UNDER_BASE: Final = "as base's placements apply it, whatever this change says of them"
_RECEIVED: Final = "as the cluster receives it, without"


@dataclass(frozen=True, slots=True)
class FurtherComparison:
    """Pairs of states of which those findings count that block and that are not reported yet.

    With `compared`, the resources judged already by `id`, findings about others count as well.
    `note` is added to the message of a finding, and `facts` to its facts.
    """

    pairs: tuple[Pair, ...]
    note: str = ""
    facts: Mapping[str, Value] = field(default_factory=dict)
    compared: frozenset[int] | None = None

    def is_about_another(self, judged: Judged) -> bool:
        """Whether a finding is about a resource that no earlier comparison had."""
        node = judged.finding.node
        if self.compared is None or isinstance(node, FileLine):
            return False
        return id(node.resource) not in self.compared


def further_comparisons(states: States) -> Iterator[FurtherComparison]:
    """Yield the comparisons, each when the findings of those before it are reported."""
    if states.divided:
        # Where a resource is in two directories of one environment, its state has the last one.
        yield FurtherComparison(states.divided, compared=states.compared_resources)
    yield FurtherComparison(states.beside, _UNDER_BASE, {"placements": "base"})
    for pair in (*states.pairs, *states.upgrades, *states.beside):
        for received, missing in _as_received(pair):
            facts = {"not_received": missing}
            yield FurtherComparison((received,), f"{_RECEIVED} {missing}", facts)


def _as_received(pair: Pair) -> Iterator[tuple[Pair, str]]:
    """The pair as the cluster receives it, where that is less, with what it does not receive."""
    states = received_once(pair.before, pair.after)
    if states is not None:
        yield replace(pair, before=states.before, after=states.after), states.note
    # A guard that leaves its carrier is missing, whatever other carrier now holds a copy.
    copies = newly_carried(pair.before, pair.after)
    if copies:
        yield replace(pair, after=without_guards(pair.after, copies)), copies_in_words(copies)
    # So is one of another cluster that is now applied by itself, to the cluster of its carrier.
    moved = left_carriers(pair.before, pair.after)
    if moved:
        yield replace(pair, after=without_guards(pair.after, moved)), moved_in_words(moved)
