"""Who can newly reach whom, and on which ports."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.network.newly_allowed import widened_findings
from bot.kubernetes.network.requests_widened import requests_widened
from bot.kubernetes.network.state_policies import POLICY_KINDS
from bot.kubernetes.workloads.template_paths import TEMPLATED
from bot.records import dataclass

SEVERITY = Severity.WARNING
SUBJECTS = (*POLICY_KINDS, kinds.NAMESPACE, *TEMPLATED)


@dataclass(frozen=True)
class Options:
    """`trusted_sources`: namespaces, `namespace/name` or blocks, beside those of the policy."""

    trusted_sources: tuple[str, ...] = ()


def compare(before: State, after: State, options: Options) -> Iterator[Finding]:
    trusted = (*after.policy.trusted_sources, *options.trusted_sources)
    yield from widened_findings(before, after, trusted)
    yield from requests_widened(before, after)
