"""A review as GitHub Actions workflow commands, which the run shows as annotations."""

from __future__ import annotations

from typing import Final

from bot.core.engine.decide import conclusion
from bot.core.engine.review import Location, Review
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.core.publish.markdown import visible
from bot.core.publish.totals import compared

_COMMANDS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTICE: "notice",
}


def to_commands(review: Review, policy: Policy) -> str:
    """The log: one command for each finding and problem, then the verdict.

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
    """
    rows = [
        _command(_COMMANDS[finding.severity], finding.location, finding.rule, finding.message)
        for finding in review.findings
    ]
    rows += [
        _command(
            "warning", problem.location, f"could not be reviewed: {problem.kind}", problem.message
        )
        for problem in review.problems
    ]
    ending = conclusion(review, policy)
    rows.append(f"{review.verdict.capitalize()}: {ending.title}.")
    rows.append(f"{compared(review.summary)}.")
    return "".join(f"{row}\n" for row in rows)


def _command(name: str, location: Location | None, title: str, message: str) -> str:
    properties = [f"title={_property(title)}"]
    # A workflow checks out head, which does not contain lines of base.
    if location is not None and location.side == "RIGHT":
        line = () if location.line is None else (f"line={location.line}",)
        properties = [f"file={_property(location.path)}", *line, *properties]
    return f"::{name} {','.join(properties)}::{_data(message)}"


def _data(text: str) -> str:
    """Text escaped for the runner; a line break would start another command."""
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
