"""A guard at admission enforces less than before, or is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind
from bot.core.state import State
from bot.kubernetes.guardrails.mutations.effects import mutations_added
from bot.kubernetes.guardrails.parameters import parameters_changed
from bot.kubernetes.guardrails.quotas import quotas_loosened
from bot.kubernetes.guardrails.settings.deleted_limits import limits_deleted
from bot.kubernetes.guardrails.settings.engines import engines_loosened
from bot.kubernetes.guardrails.settings.namespace_switches import switches_off
from bot.kubernetes.guardrails.slipped import namespaces_slipped
from bot.kubernetes.guardrails.weakened import guardrails_weakened
from bot.kubernetes.mesh.authorization import authorization_widened
from bot.kubernetes.mesh.mutual_tls import mutual_tls_weakened
from bot.kubernetes.podsecurity.constraints import constraints_loosened

SEVERITY: Final = Severity.ERROR
SUBJECTS: Final[tuple[GroupKind, ...]] = ()  # the kinds of Gatekeeper's constraints are users' own


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    yield from guardrails_weakened(before, after)
    yield from parameters_changed(before, after)
    yield from namespaces_slipped(before, after)
    yield from constraints_loosened(before, after)
    yield from quotas_loosened(before, after)
    yield from mutations_added(before, after)
    yield from limits_deleted(before, after)
    yield from engines_loosened(before, after)
    yield from switches_off(before, after)
    yield from mutual_tls_weakened(before, after)
    yield from authorization_widened(before, after)
