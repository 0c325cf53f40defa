"""Which rules are new in which version, and until when they observe.

A rule that is new in a version blocks nothing for a while after the release, so that an upgrade
stops no merge by surprise. The release's date decides, not that of the upgrade: the command line
and every installation then give the same verdict on the same day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from bot.records import dataclass

OBSERVED: Final = timedelta(days=14)
"""How long a new rule observes."""


@dataclass(frozen=True, slots=True)
class NewRules:
    """A version: its day in CHANGELOG.md, and the ids of the new rules that observe at first.

    `placement-changed` is not among them: everything else rests on how placements are read.
    """

    day: date
    rules: frozenset[str]


RELEASES: Final[Mapping[str, NewRules]] = MappingProxyType(
    {
        "0.2.0": NewRules(
            date(2026, 11, 30),
            frozenset(
                {
                    "autoscaler-target-missing",
                    "built-in-role-changed",
                    "connectivity-narrowed",
                    "disruption-budget-blocks",
                    "manifest-invalid",
                    "probe-port-missing",
                    "route-unattached",
                }
            ),
        )
    }
)


def observed_until(rule: str) -> date | None:
    """The last day on which a new rule observes, None for a rule that never did."""
    days = (release.day + OBSERVED for release in RELEASES.values() if rule in release.rules)
    return next(days, None)
