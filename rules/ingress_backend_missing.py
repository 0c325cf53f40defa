"""Backends of Ingresses and routes that are not there."""

from collections.abc import Iterator

from bot.core.engine.consent import SPEC_AND_ANNOTATIONS
from bot.core.finding import Finding, Severity
from bot.core.state import State
from bot.kubernetes.absence import Referrers, dangling
from bot.kubernetes.routes.backends import INGRESSES, backends_of
from bot.kubernetes.routes.middlewares import MIDDLEWARES

SEVERITY = Severity.ERROR
CONSENT = SPEC_AND_ANNOTATIONS
SUBJECTS = ()  # an Ingress may send traffic to a resource of any kind


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from dangling(before, after, Referrers(INGRESSES, backends_of, far=MIDDLEWARES), SEVERITY)
