"""Who can no longer reach whom, where a policy named them."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.network.newly_denied import narrowed_findings
from bot.kubernetes.network.state_policies import POLICY_KINDS
from bot.kubernetes.workloads.template_paths import TEMPLATED

SEVERITY = Severity.NOTICE
SUBJECTS = (*POLICY_KINDS, kinds.NAMESPACE, *TEMPLATED)


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from narrowed_findings(before, after)
