"""The shown findings and problems that a command names, or why there is none to accept."""

from __future__ import annotations

from typing import Final

from bot.core.engine.approvals import named
from bot.service.audit_facts import RecordedConclusion, ShownFinding
from bot.service.shown import ShownReview

_NOTHING_SHOWN: Final = "nothing that needs approval was shown here when the comment was written"


def approvable(short: str, shown: ShownReview | None) -> tuple[ShownFinding, ...] | str:
    """The blocking findings that an id names, or why there are none.

    `all` names those whose ids stood in what was posted before the comment was written. Whoever
    writes an id has read it, so that it names also what the check had only just shown.
    """
    if short != "all":
        return matching(short, shown.conclusion if shown else None)
    posted = tuple(one for one in shown.certain if one.blocks and one.posted) if shown else ()
    if not posted:
        return _NOTHING_SHOWN
    return posted


def matching(
    short: str, shown: RecordedConclusion | None, *, blocking: bool = True
) -> tuple[ShownFinding, ...] | str:
    """The finding that an id names among those shown, or why there is none."""
    every = shown.findings if shown else ()
    candidates = tuple(finding for finding in every if finding.blocks or not blocking)
    if not candidates:
        return _NOTHING_SHOWN
    meant = named(short, (finding.fingerprint for finding in candidates))
    if not meant:
        return "no finding shown here when the comment was written has this id"
    if len(meant) > 1:
        return f"several findings have an id that begins like this: {', '.join(meant[:5])}"
    return tuple(finding for finding in candidates if finding.fingerprint == meant[0])
