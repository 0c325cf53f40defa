"""One review for both doors: the command line and the service."""

from __future__ import annotations

from datetime import date

from bot.analysis.process.parent import AnalysisOptions, ComparedTree, analyse
from bot.core.engine.decide import decide
from bot.core.engine.review import Review
from bot.core.policy.model import Policy


def review_trees(
    base: ComparedTree, head: ComparedTree, policy: Policy, today: date, options: AnalysisOptions
) -> Review:
    """The review of a change: what the child process says of it, decided by the parent alone."""
    analysis = analyse(base, head, policy, options)
    return decide(analysis, policy, base=base.name, head=head.name, today=today)
