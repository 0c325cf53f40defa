"""Policies whose selector selects no pod."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.absence import Referrers, dangling
from bot.kubernetes.network.policy_checks import subjects_of_policy
from bot.kubernetes.network.state_policies import POLICY_KINDS
from bot.kubernetes.network.touched import is_touched
from bot.kubernetes.workloads.template_paths import TEMPLATED

SEVERITY = Severity.WARNING
SUBJECTS = (*POLICY_KINDS, *TEMPLATED)
_POLICIES = Referrers(POLICY_KINDS, subjects_of_policy, is_touched)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from dangling(before, after, _POLICIES, SEVERITY)
