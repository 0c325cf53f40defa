"""One review for both doors: the command line and the service."""

from __future__ import annotations

from datetime import date

from bot.analysis.process.parent import AnalysisOptions, ComparedTree, analyse
from bot.core.engine.decide import decide
from bot.core.engine.review import Counts, ProblemSubject, Review, Summary, problem_about
from bot.core.policy.model import Policy
from bot.errors import AnalysisError


def review_trees(
    base: ComparedTree, head: ComparedTree, policy: Policy, today: date, options: AnalysisOptions
) -> Review:
    """The review of a change: what the child process says of it, decided by the parent alone."""
    analysis = analyse(base, head, policy, options)
    return decide(analysis, policy, base=base.name, head=head.name, today=today)


def failed_review(base: ComparedTree, head: ComparedTree, error: AnalysisError) -> Review:
    """The incomplete review of a change whose analysis failed: nothing is known of it."""
    message = f"The change was not analysed: {error}"
    subject = ProblemSubject("analysis")
    problem = problem_about(subject, "rule-failed", None, message, new=True)
    nothing = Summary(environments=0, compared=0, resources=Counts(), change="none")
    return Review("incomplete", base.name, head.name, (), (), (problem,), nothing)
