"""Services that are newly reachable from outside."""

from collections.abc import Iterator, Mapping
from dataclasses import field

from bot.core.engine.consent import SPEC_AND_ANNOTATIONS
from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.checks import new_findings
from bot.kubernetes.routes.exposure import Exposure, sources_widened
from bot.kubernetes.routes.loadbalancer_providers import ProviderName
from bot.records import dataclass

SEVERITY = Severity.WARNING
CONSENT = SPEC_AND_ANNOTATIONS
SUBJECTS = (kinds.SERVICE,)


@dataclass(frozen=True)
class Options:
    """`providers`: which makers of load balancers an environment has, by globs over its name."""

    providers: Mapping[str, tuple[ProviderName, ...]] = field(default_factory=dict)


def compare(before: State, after: State, options: Options) -> Iterator[Finding]:
    yield from new_findings(before, after, Exposure(options.providers).ask)
    yield from sources_widened(before, after)
