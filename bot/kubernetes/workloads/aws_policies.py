"""IAM policies of AWS: who may assume a role, and what a policy allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from bot.core.values import Body, Value, freeze, mapping, sequence
from bot.kubernetes.naming import escaped
from bot.records import dataclass

_LARGEST: Final = 1 << 16
_MOST_STATEMENTS: Final = 200
_ALL: Final = "*"
_SUBJECT: Final = ":sub"
_ACCOUNT: Final = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Permission:
    """An action on a resource, both with wildcards, and the condition under which it holds."""

    action: str
    resource: str
    condition: str = ""

    def covers(self, other: Permission) -> bool:
        """Whether this permits everything that another permission permits."""
        return (
            fnmatchcase(other.action.lower(), self.action.lower())
            and fnmatchcase(other.resource, self.resource)
            and self.condition in ("", other.condition)
        )

    @property
    def is_administration(self) -> bool:
        """Whether it permits everything, or to grant oneself everything, on all resources."""
        return self.resource == _ALL and self.action.lower() in (_ALL, "*:*", "iam:*")

    @property
    def words(self) -> str:
        """The permission in a message."""
        action = "everything" if self.action in (_ALL, "*:*") else escaped(self.action)
        where = "all resources" if self.resource == _ALL else escaped(self.resource)
        return f"{action} on {where}{' under a condition' if self.condition else ''}"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who may assume a role, in words; an account of a cluster; more than one identity."""

    words: str
    is_account: bool = False
    is_wide: bool = False


_EVERYBODY: Final = Principal("everybody", is_wide=True)


def statements(document: Value) -> tuple[Body, ...] | None:
    """The statements of a policy, which may be a text in JSON; None where it cannot be read.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    if isinstance(document, str):
        if len(document) > _LARGEST:
            return None
        try:
            document = freeze(msgspec.json.decode(document))
        except (msgspec.DecodeError, RecursionError):
            return None
    listed = mapping(document).get("Statement")
    items = (listed,) if isinstance(listed, Mapping) else sequence(listed)
    return tuple(mapping(item) for item in items[:_MOST_STATEMENTS])


def permissions(policy: tuple[Body, ...], effect: str = "Allow") -> Iterator[Permission]:
    """The permissions that the statements of an effect list."""
    for statement in policy:
        if statement.get("Effect") == effect:
            condition = _condition(statement)
            for action in _actions(statement):
                for resource in _texts(statement.get("Resource")) or (_ALL,):
                    yield Permission(action, resource, condition)


def _actions(statement: Body) -> tuple[str, ...]:
    """The actions of a statement; one that lists exceptions permits nearly everything."""
    return (_ALL,) if "NotAction" in statement else _texts(statement.get("Action"))


def _condition(statement: Body) -> str:
    condition = mapping(statement.get("Condition"))
    return repr(sorted(condition.items(), key=lambda item: item[0])) if condition else ""


def _texts(value: Value) -> tuple[str, ...]:
    listed = (value,) if isinstance(value, str) else sequence(value)
    return tuple(item for item in listed if isinstance(item, str))


def principals(policy: tuple[Body, ...]) -> Iterator[Principal]:
    """Who may assume a role by its trust policy."""
    for statement in policy:
        if statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal")
        if principal == _ALL:
            yield _EVERYBODY
        for kind, value in mapping(principal).items():
            for name in _texts(value):
                if kind == "Federated":
                    yield from _federated(name, statement)
                else:
                    yield _EVERYBODY if name == _ALL else Principal(escaped(name))


def _federated(provider: str, statement: Body) -> Iterator[Principal]:
    """Those whom the condition on the subject of a provider's tokens names.

    https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
    """
    issuer = escaped(provider.partition("/")[2] or provider)
    subjects = [
        subject
        for tests in mapping(statement.get("Condition")).values()
        for field, value in mapping(tests).items()
        if field.endswith(_SUBJECT)
        for subject in _texts(value)
    ]
    if not subjects:
        yield Principal(f"everybody whom {issuer} knows", is_wide=True)
    for subject in subjects:
        wide = _ALL in subject
        if subject.startswith(_ACCOUNT):
            account = subject.removeprefix(_ACCOUNT).replace(":", "/", 1)
            yield Principal(f"ServiceAccount {escaped(account)}", is_account=True, is_wide=wide)
        else:
            yield Principal(f"{escaped(subject)} of {issuer}", is_wide=wide)
