"""An RBAC object that the API refuses, or a rule in it that can never match."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.resource import Resource
from bot.core.state import State
from bot.kubernetes import kinds, rbac
from bot.kubernetes.apply.appliers import appliers
from bot.kubernetes.gitops.prune_marks import sync_options
from bot.kubernetes.rbac.defaults.builtin import builtin_objects
from bot.kubernetes.rbac.defaults.openshift import openshift_objects

SEVERITY: Final = Severity.ERROR
SUBJECTS: Final = kinds.RBAC
REACH: Final = "resource"


def find(subject: Resource, state: State, options: object) -> Iterator[Finding]:
    del options
    if not _completes_default(subject, state):
        yield from rbac.invalid(subject)


def _completes_default(binding: Resource, state: State) -> bool:
    """Whether a binding without a `roleRef` is merged into one that every such cluster has.

    https://kubernetes.io/docs/reference/using-api/server-side-apply/
    """
    if not binding.key.kind.endswith("Binding") or binding.at("roleRef").exists:
        return False
    minor = state.environment.kubernetes
    if binding.key not in openshift_objects() and binding.key not in builtin_objects(minor):
        return False
    tools = appliers(binding, state)
    return "ServerSideApply=true" in sync_options(binding) or any(
        tool.server_side for tool in tools
    )
