"""Subjects: who is granted something, in the one form that the authorizer compares."""

from __future__ import annotations

from typing import Final

from bot.core.values import Value
from bot.records import dataclass

AUTHENTICATED: Final = "system:authenticated"
UNAUTHENTICATED: Final = "system:unauthenticated"
ANONYMOUS: Final = "system:anonymous"
MASTERS: Final = "system:masters"
SERVICE_ACCOUNTS: Final = "system:serviceaccounts"
_ACCOUNT_USER: Final = "system:serviceaccount:"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """A user, a group or a service account; `namespace` is empty for users and groups."""

    kind: str
    namespace: str
    name: str

    @property
    def facts(self) -> dict[str, Value]:
        """The subject for machines."""
        return {"kind": self.kind, "namespace": self.namespace or None, "name": self.name}

    def __str__(self) -> str:
        space = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {space}{self.name}"


def user(name: str) -> Subject:
    """The user of this name; a service account where the name is a service account's user name.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#service-account-tokens
    """
    space, _, account = name.removeprefix(_ACCOUNT_USER).partition(":")
    if name.startswith(_ACCOUNT_USER) and space and account and ":" not in account:
        return Subject("ServiceAccount", space, account)
    return Subject("User", "", name)


def group(name: str) -> Subject:
    """The group of this name."""
    return Subject("Group", "", name)


def account(namespace: str, name: str) -> Subject:
    """The service account of this name."""
    return Subject("ServiceAccount", namespace, name)


ANY_ACCOUNT: Final = account("", "")
"""A service account of which nothing is known: it may do what every account may."""


def memberships(subject: Subject) -> tuple[Subject, ...]:
    """The groups that every holder of this subject is a member of by itself.

    For a group these are the groups that contain all of its members.
    """
    if subject.kind == "ServiceAccount":
        namespace_group = f"{SERVICE_ACCOUNTS}:{subject.namespace}"
        return group(SERVICE_ACCOUNTS), group(namespace_group), group(AUTHENTICATED)
    if subject == user(ANONYMOUS):
        return (group(UNAUTHENTICATED),)
    if subject.name in {AUTHENTICATED, UNAUTHENTICATED} and subject.kind == "Group":
        return ()
    if subject.kind == "Group" and subject.name.startswith(f"{SERVICE_ACCOUNTS}:"):
        return group(SERVICE_ACCOUNTS), group(AUTHENTICATED)
    return (group(AUTHENTICATED),)


def unbounded(subject: Subject) -> bool:
    """Whether the API server authorizes everything for this subject, so that no grant changes it.

    https://kubernetes.io/docs/concepts/security/rbac-good-practices/#hardening-system-masters
    """
    return subject.name == MASTERS and subject.kind == "Group"
