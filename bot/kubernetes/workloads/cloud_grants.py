"""Rights in a cloud that objects of a cluster give: roles, their policies and their members.

Crossplane's providers and AWS's own controllers (ACK) make them what the manifests say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.finding import Severity
from bot.core.resource import GroupKind, Node, Resource
from bot.core.words import first_of
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.aws_policies import (
    Permission,
    permissions,
    principals,
    statements,
)
from bot.kubernetes.workloads.service_accounts import AccountChange
from bot.records import dataclass

_AWS: Final = ("iam.aws.upbound.io", "iam.aws.m.upbound.io", "iam.aws.crossplane.io")
_ACK: Final = "iam.services.k8s.aws"
_GOOGLE: Final = ("cloudplatform.gcp.upbound.io", "cloudplatform.gcp.m.upbound.io")
_MEMBERS: Final = (
    "ProjectIAMMember",
    "FolderIAMMember",
    "OrganizationIAMMember",
    "ServiceAccountIAMMember",
)
# Policies and roles that give everything, or the right to give oneself everything.
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
_AWS_ADMINISTRATION: Final = frozenset(
    {"AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "job-function/SystemAdministrator"}
)
# https://cloud.google.com/iam/docs/roles-overview#basic
_GOOGLE_ADMINISTRATION: Final = frozenset(
    {
        *("roles/owner", "roles/editor", "roles/resourcemanager.projectIamAdmin"),
        *("roles/iam.securityAdmin", "roles/iam.serviceAccountAdmin"),
        *("roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountKeyAdmin"),
        *("roles/resourcemanager.organizationAdmin", "roles/resourcemanager.folderIamAdmin"),
    }
)
_EVERYBODY: Final = frozenset({"allUsers", "allAuthenticatedUsers"})
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class _Grant:
    """A right that an object gives, in words, and whether it gives much or to many.

    `permission` is that of a policy in JSON, which a wider one covers.
    """

    text: str
    node: Node
    is_wide: bool = False
    permission: Permission | None = None

    def is_covered_by(self, other: _Grant) -> bool:
        """Whether another right of the same object gives all of this one."""
        if self.permission is None or other.permission is None:
            return self.text == other.text
        return other.permission.covers(self.permission)


def rights_added(before: Resource | None, after: Resource | None) -> Iterator[AccountChange]:
    """The rights that a change of one object newly gives, as one change."""
    if after is None:
        return
    reader = READERS[after.group_kind]
    known = () if before is None else tuple(reader(before))
    added = [grant for grant in reader(after) if not any(map(grant.is_covered_by, known))]
    if not added:
        return
    added.sort(key=lambda grant: not grant.is_wide)
    severity = Severity.ERROR if added[0].is_wide else Severity.WARNING
    words = first_of(list(dict.fromkeys(grant.text for grant in added)), _SHOWN, "; ")
    yield AccountChange("CLOUD-RIGHTS", added[0].node, words, severity)


def _role(role: Resource) -> Iterator[_Grant]:
    """A role, user or group: who may assume it, and what it may do."""
    spec = _provided(role)
    name = f"IAM {role.key.kind.lower()} {escaped(role.name)}"
    for field in ("assumeRolePolicy", "assumeRolePolicyDocument"):
        node = spec[field]
        trust = statements(node.value) if node.exists else ()
        if trust is None:
            yield _Grant(f"{name} now has a trust policy that cannot be read", node)
        for principal in principals(trust or ()):
            wide = principal.is_wide or principal.is_account
            yield _Grant(f"{name} can now be assumed by {principal.words}", node, wide)
    for field in ("managedPolicyArns", "policies"):
        for item in spec[field].items():
            yield _attached(name, item)
    for item in spec["inlinePolicy"].items():
        yield from _document(name, item["policy"])
    for _, node in spec["inlinePolicies"].fields():
        yield from _document(name, node)


def _provided(resource: Resource) -> Node:
    spec = resource.at("spec")
    return spec["forProvider"] if spec["forProvider"].mapping else spec


def _attached(holder: str, node: Node) -> _Grant:
    arn = node.text or ""
    administers = arn.partition(":policy/")[2] in _AWS_ADMINISTRATION
    return _Grant(f"{holder} now has the policy {escaped(arn)}", node, administers)


def _document(holder: str, node: Node) -> Iterator[_Grant]:
    """What a policy in JSON allows; narrower permissions than another one are left out."""
    policy = statements(node.value) if node.exists else ()
    if policy is None:
        yield _Grant(f"{holder} now has a policy that cannot be read", node)
        return
    allowed = tuple(permissions(policy))
    for permission in allowed:
        if not any(other != permission and other.covers(permission) for other in allowed):
            text = f"{holder} now allows {permission.words}"
            yield _Grant(text, node, permission.is_administration, permission)


def _policy(policy: Resource) -> Iterator[_Grant]:
    spec = _provided(policy)
    for field in ("policy", "document", "policyDocument"):
        yield from _document(f"IAM policy {escaped(policy.name)}", spec[field])


def _role_policy(policy: Resource) -> Iterator[_Grant]:
    spec = _provided(policy)
    yield from _document(_holder(spec), spec["policy"])


def _attachment(attachment: Resource) -> Iterator[_Grant]:
    spec = _provided(attachment)
    for field in ("policyArn", "policyArnRef"):
        node = spec[field] if field == "policyArn" else spec[field]["name"]
        if node.exists:
            yield _attached(_holder(spec), node)


def _holder(spec: Node) -> str:
    """The role, user or group of an attachment, by its name or by the name of its object."""
    for kind in ("role", "user", "group"):
        for node in (
            spec[kind],
            spec[f"{kind}Ref"]["name"],
            spec[f"{kind}Name"],
            spec[f"{kind}NameRef"]["name"],
        ):
            if node.text:
                return f"IAM {kind} {escaped(node.text)}"
    return "an IAM identity"


def _google_member(member: Resource) -> Iterator[_Grant]:
    spec = _provided(member)
    name, role = spec["member"].text or "", spec["role"].text or ""
    if not name or name.startswith("principal") or ".svc.id.goog[" in name:
        return  # an account of a cluster, which is an identity
    target = next(
        (
            spec[field].text or spec[f"{field}Ref"]["name"].text
            for field in ("project", "folder", "orgId", "serviceAccountId")
            if spec[field].text or spec[f"{field}Ref"]["name"].text
        ),
        "a project",
    )
    wide = role in _GOOGLE_ADMINISTRATION or name in _EVERYBODY
    yield _Grant(
        f"{escaped(name)} now has {escaped(role)} of {escaped(target or '')}", spec["role"], wide
    )


READERS: Final[Mapping[GroupKind, Callable[[Resource], Iterator[_Grant]]]] = MappingProxyType(
    {
        **{
            GroupKind(group, kind): reader
            for group in _AWS
            for kind, reader in (
                ("Role", _role),
                ("Policy", _policy),
                ("RolePolicy", _role_policy),
                ("RolePolicyAttachment", _attachment),
                ("UserPolicyAttachment", _attachment),
                ("GroupPolicyAttachment", _attachment),
            )
        },
        **{GroupKind(_ACK, kind): _role for kind in ("Role", "User", "Group")},
        GroupKind(_ACK, "Policy"): _policy,
        **{GroupKind(group, kind): _google_member for group in _GOOGLE for kind in _MEMBERS},
    }
)
"""The kinds that give rights in a cloud, each with what reads it."""
