"""Whether what was found under one policy answers for another one as well.

Most of a policy decides what is made of findings: whether they block, who is told, who accepts
them. Only the rest decides what is found. So when an organisation switches a rule off, everything
that was found before still holds but for the findings of that rule.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from bot.core.policy.model import Policy, RulePolicy

_DEFAULTS = Policy()


def answers_for(policy: Policy, other: Policy) -> bool:
    """Whether everything that `other` would find was found under `policy`.

    A rule's severity counts: with `block`, it decides which findings base's placements add.
    """
    if _finding(policy) != _finding(other):
        return False
    rules = {*policy.rules, *other.rules}
    return all(other.rule(rule).off or _same(policy.rule(rule), other.rule(rule)) for rule in rules)


def _finding(policy: Policy) -> Policy:
    """The policy without what only decides about findings, and without single rules."""
    return replace(
        policy,
        mode=_DEFAULTS.mode,
        new_rules=_DEFAULTS.new_rules,
        inline=_DEFAULTS.inline,
        incomplete=_DEFAULTS.incomplete,
        rules=MappingProxyType({}),
        owners=(),
        approvals=(),
        notify=(),
        waivers=(),
        override=_DEFAULTS.override,
        escalation=_DEFAULTS.escalation,
        promotes=(),
    )


def _same(rule: RulePolicy, other: RulePolicy) -> bool:
    """Whether a rule that is not switched off finds the same."""
    return not rule.off and (rule.severity, rule.options) == (other.severity, other.options)
