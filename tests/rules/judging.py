"""What one rule finds between two small worlds, for tests of rules."""

from __future__ import annotations

from bot.catalog import load_rules
from bot.core.engine.judge import Judged, judge
from bot.core.finding import FileLine, Finding
from bot.core.policy.model import Policy
from bot.core.resource import route_text
from bot.core.state import State
from tests.states import world


def findings(
    rule_id: str, base: str, head: str, policy: Policy | None = None, options: object | None = None
) -> list[Finding]:
    """The findings of this rule alone."""
    (rule,) = (rule for rule in load_rules() if rule.id == rule_id)
    found = judge(
        _world(base, policy), _world(head, policy), [rule], {rule_id: options or rule.options()}
    )
    held = []
    for judged in found:
        assert isinstance(judged, Judged), judged
        held.append(judged.finding)
    return held


def said(found: list[Finding]) -> list[tuple[str, str]]:
    """Severity, where the finding's own, and place."""
    return [
        (
            str(held.severity or ""),
            held.node.path if isinstance(held.node, FileLine) else route_text(held.node.route),
        )
        for held in found
    ]


def _world(text: str, policy: Policy | None) -> State:
    return world(*([text] if text else []), policy=policy)
