"""Service accounts: what they mount, their cloud identities, and tokens that never expire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from bot.core.finding import Severity, Side
from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.core.values import Value
from bot.kubernetes import kinds
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

TOKEN_SECRET: Final = "kubernetes.io/service-account-token"  # noqa: S105 - the name of a type
_TOKEN_ACCOUNT: Final = "kubernetes.io/service-account.name"  # noqa: S105 - an annotation's name

CLOUD_IDENTITIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "eks.amazonaws.com/role-arn": "AWS",
        "iam.gke.io/gcp-service-account": "Google Cloud",
        "azure.workload.identity/client-id": "Azure",
        "azure.workload.identity/tenant-id": "Azure",
        "pod-identity.alibabacloud.com/role-name": "Alibaba Cloud",
        "tke.cloud.tencent.com/role-arn": "Tencent Cloud",
    }
)
"""Annotations by which an account becomes somebody in a cloud, and in which.

The last two are those of https://www.alibabacloud.com/help/en/ack/product-overview/ack-pod-identity-webhook
and https://www.tencentcloud.com/document/product/457/57285.
"""

AccountCode: TypeAlias = Literal[
    "SA-CREATED",
    "SA-DELETED",
    "SA-AUTOMOUNT-ENABLED",
    "SA-CLOUD-IDENTITY",
    "CLOUD-RIGHTS",
    "SA-PULL-SECRETS",
    "SA-SECRETS",
    "SA-TOKEN-SECRET",
]


@dataclass(frozen=True, slots=True)
class AccountChange:
    """One change of an account, at its node."""

    code: AccountCode
    node: Node
    message: str
    severity: Severity = Severity.NOTICE
    side: Side = "RIGHT"

    @property
    def facts(self) -> Mapping[str, Value]:
        """The change for machines."""
        return MappingProxyType({"code": self.code, "object": str(self.node.resource.key)})


def automounts(account: Resource | None) -> bool:
    """Whether pods without a setting of their own mount this account's token.

    True where there is no account: that is Kubernetes' default.
    """
    return account is None or account.at("automountServiceAccountToken").value is not False


def clouded(state: State) -> frozenset[str]:
    """The namespaces in which an account has a cloud identity."""
    return frozenset(
        account.namespace or ""
        for account in state.of(kinds.SERVICE_ACCOUNT)
        # Most accounts have none, and to decode all of them costs much.
        if b'"annotations":' in account.encoded
        and not CLOUD_IDENTITIES.keys().isdisjoint(account.annotations)
    )


def token_secret(secret: Resource | None) -> bool:
    """Whether this Secret requests a service account token that never expires."""
    return secret is not None and secret.at("type").value == TOKEN_SECRET


def account_changes(before: Resource | None, after: Resource | None) -> Iterator[AccountChange]:
    """What a change does to one account, or to a Secret that holds an account's token."""
    present = after or before
    if present is None:
        return
    if present.group_kind == kinds.SECRET:
        yield from _token(before, after)
        return
    if after is None:
        yield _removed(present)
        return
    if before is None:
        node = after.at("metadata", "name")
        yield AccountChange("SA-CREATED", node, f"{str_of(after)} is new")
    yield from _automount(before, after)
    yield from _identity(before, after)
    yield from _references(before, after)


def _removed(account: Resource) -> AccountChange:
    message = f"{str_of(account)} is removed: pods that name it are no longer admitted"
    return AccountChange("SA-DELETED", account.at("metadata", "name"), message, side="LEFT")


def _automount(before: Resource | None, after: Resource) -> Iterator[AccountChange]:
    if before is None or automounts(before) or not automounts(after):
        return
    node = after.at("automountServiceAccountToken")
    side: Side = "RIGHT"
    if not node.exists:
        node, side = before.at("automountServiceAccountToken"), "LEFT"
    message = f"Pods of {str_of(after)} now mount its token unless they opt out"
    yield AccountChange("SA-AUTOMOUNT-ENABLED", node, message, Severity.WARNING, side)


def _identity(before: Resource | None, after: Resource) -> Iterator[AccountChange]:
    old = before.annotations if before is not None else {}
    for name, cloud in CLOUD_IDENTITIES.items():
        before_value, after_value = old.get(name), after.annotations.get(name)
        if before_value == after_value:
            continue
        if after_value is None and before is not None:
            node = before.at("metadata", "annotations", name)
            message = f"{str_of(after)} is no longer {before_value!r} in {cloud}"
            yield AccountChange("SA-CLOUD-IDENTITY", node, message, side="LEFT")
            continue
        node = after.at("metadata", "annotations", name)
        instead = f" instead of {before_value!r}" if before_value else ""
        message = f"Pods of {str_of(after)} now act as {after_value!r} in {cloud}{instead}"
        yield AccountChange("SA-CLOUD-IDENTITY", node, message, Severity.ERROR)


def _references(before: Resource | None, after: Resource) -> Iterator[AccountChange]:
    """The Secrets that an existing account newly lists."""
    if before is None:
        return
    pull, secrets = _added(before, after, "imagePullSecrets"), _added(before, after, "secrets")
    for item in pull:
        message = f"Pods of {str_of(after)} now pull images with Secret {item['name'].text}"
        yield AccountChange("SA-PULL-SECRETS", item, message)
    for item in secrets:
        message = f"{str_of(after)} now lists Secret {item['name'].text}"
        yield AccountChange("SA-SECRETS", item, message)


def _added(before: Resource, after: Resource, field: str) -> tuple[Node, ...]:
    old = {item["name"].text for item in before.at(field).items()}
    return tuple(item for item in after.at(field).items() if item["name"].text not in {*old, None})


def _token(before: Resource | None, after: Resource | None) -> Iterator[AccountChange]:
    if after is None or not token_secret(after):
        return
    name = after.annotations.get(_TOKEN_ACCOUNT, "")
    if token_secret(before) and before is not None and _account_of(before) == name:
        return
    node = after.at("metadata", "name") if before is None else after.at("type")
    whose = f"ServiceAccount {after.namespace}/{name}" if name else "a ServiceAccount"
    message = f"{str_of(after)} holds a token of {whose} that never expires"
    yield AccountChange("SA-TOKEN-SECRET", node, message, Severity.ERROR)


def _account_of(secret: Resource) -> str:
    return secret.annotations.get(_TOKEN_ACCOUNT, "")
