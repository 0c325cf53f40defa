"""Cloud identities that objects beside the service account give to its pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Severity
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.workloads.pods import PodTemplate, pod_templates, str_of
from bot.kubernetes.workloads.service_accounts import AccountChange
from bot.patterns import pattern
from bot.records import dataclass

_ASSOCIATIONS: Final = tuple(
    GroupKind(group, "PodIdentityAssociation")
    for group in ("eks.services.k8s.aws", "eks.aws.upbound.io", "eks.aws.m.upbound.io")
)
_CONFIG_CONNECTOR: Final = "iam.cnrm.cloud.google.com"
_MEMBER: Final = GroupKind(_CONFIG_CONNECTOR, "IAMPolicyMember")
_POLICIES: Final = (
    GroupKind(_CONFIG_CONNECTOR, "IAMPolicy"),
    GroupKind(_CONFIG_CONNECTOR, "IAMPartialPolicy"),
)
_FEDERATED: Final = tuple(
    GroupKind(group, "FederatedIdentityCredential")
    for group in (
        "managedidentity.azure.com",
        "managedidentity.azure.upbound.io",
        "managedidentity.azure.m.upbound.io",
    )
)
_PROJECT_MEMBER: Final = tuple(
    GroupKind(f"cloudplatform.gcp.{suffix}upbound.io", kind)
    for suffix in ("", "m.")
    for kind in ("ProjectIAMMember", "ServiceAccountIAMMember")
)
IDENTITY_OBJECTS: Final = (*_ASSOCIATIONS, _MEMBER, *_POLICIES, *_FEDERATED, *_PROJECT_MEMBER)
"""The kinds that give a cloud identity to a service account."""

# PROJECT.svc.id.goog[NAMESPACE/ACCOUNT], by which Google Cloud names an account of a cluster.
_ACTING: Final = "roles/iam.workloadIdentityUser"
_WORKLOAD: Final = pattern(r"serviceAccount:[^\[]{1,200}\.svc\.id\.goog\[([^/\]]+)/([^\]]+)\]")
# https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity#principal-id-examples
_PRINCIPAL: Final = pattern(
    r"principal(?:Set)?://iam\.googleapis\.com/projects/[^/]{1,100}/locations/global"
    r"/workloadIdentityPools/[^/]{1,200}/(?:subject/ns/([^/]{1,63})/sa/(.{1,253})|namespace/(.{1,63}))"
)
_SUBJECT: Final = "system:serviceaccount:"
_AZURE_USE: Final = "azure.workload.identity/use"
_AZURE_CLIENT: Final = "azure.workload.identity/client-id"


@dataclass(frozen=True, slots=True)
class _Identity:
    """An account, who its pods are in a cloud, and the fields of the account and its role."""

    account: str
    identity: str
    cloud: str
    node: Node
    role: Node | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.account, self.identity, self.cloud)


def identity_changes(before: Resource | None, after: Resource | None) -> Iterator[AccountChange]:
    """The accounts whose pods newly are somebody in a cloud by this object, or no longer are."""
    old = tuple(_identities(before)) if before is not None else ()
    new = tuple(_identities(after)) if after is not None else ()
    known = {found.key for found in old}
    for found in new:
        if found.key not in known:
            message = (
                f"Pods of ServiceAccount {found.account} now act as {found.identity!r} in "
                f"{found.cloud} through {str_of(found.node.resource)}"
            )
            had = any((was.account, was.cloud) == (found.account, found.cloud) for was in old)
            node = found.role if had and found.role is not None else found.node
            yield AccountChange("SA-CLOUD-IDENTITY", node, message, Severity.ERROR)
    kept = {found.key for found in new}
    for found in old:
        if found.key not in kept and not new:
            message = (
                f"Pods of ServiceAccount {found.account} are no longer {found.identity!r} in "
                f"{found.cloud}"
            )
            yield AccountChange("SA-CLOUD-IDENTITY", found.node, message, side="LEFT")


def _identities(resource: Resource) -> Iterator[_Identity]:
    if resource.group_kind in _ASSOCIATIONS:
        yield from _association(resource)
    elif resource.group_kind == _MEMBER:
        spec = resource.at("spec")
        target = spec["resourceRef"]
        name = target["external"].text or target["name"].text or "a service account"
        yield from _member(spec["member"], name, spec["role"])
    elif resource.group_kind in _POLICIES:
        spec = resource.at("spec")
        name = spec["resourceRef"]["external"].text or spec["resourceRef"]["name"].text or ""
        for binding in spec["bindings"].items():
            for item in binding["members"].items():
                member = item["member"] if item.mapping else item
                yield from _member(member, name, binding["role"])
    elif resource.group_kind in _PROJECT_MEMBER:
        provided = resource.at("spec", "forProvider")
        account = provided["serviceAccountId"].text or provided["serviceAccountIdRef"]["name"].text
        name = account or provided["project"].text or "a project"
        yield from _member(provided["member"], name, provided["role"])
    elif resource.group_kind in _FEDERATED:
        spec = resource.at("spec")
        provided = spec["forProvider"] if spec["forProvider"].mapping else spec
        subject = provided["subject"]
        text = subject.text or ""
        if text.startswith(_SUBJECT):
            account = text.removeprefix(_SUBJECT).replace(":", "/")
            parent = provided["parentId"].text or provided["parentIdRef"]["name"].text
            owner = spec["owner"]["name"].text or parent or "a managed identity"
            yield _Identity(account, owner, "Azure", subject)


def _association(resource: Resource) -> Iterator[_Identity]:
    """A PodIdentityAssociation of AWS's own controller, or of Crossplane below `forProvider`."""
    spec = resource.at("spec")
    spec = spec["forProvider"] if spec["forProvider"].mapping else spec
    account = spec["serviceAccount"].text
    role = spec["roleARN"] if spec["roleARN"].exists else spec["roleArn"]
    reference = spec["roleRef"]["from"]["name"].text or spec["roleArnRef"]["name"].text
    identity = role.text or reference
    if account and identity:
        node = role if role.exists else spec["serviceAccount"]
        space = spec["namespace"].text or resource.namespace or ""
        yield _Identity(f"{space}/{account}", identity, "AWS", node)


def _member(node: Node, identity: str, role: Node) -> Iterator[_Identity]:
    """An account that may act as a service account of Google's, or that holds a role itself."""
    text = (node.text or "")[:500]
    match = _WORKLOAD.fullmatch(text)
    if match is not None:
        acts_as = role.text in (None, _ACTING)
        granted = identity if acts_as else f"{role.text} of {identity}"
        by = None if acts_as else role
        yield _Identity(f"{match[1]}/{match[2]}", granted, "Google Cloud", node, by)
    principal = _PRINCIPAL.fullmatch(text)
    if principal is not None:
        account = f"{principal[1]}/{principal[2]}" if principal[1] else f"{principal[3]}/*"
        granted = f"{role.text or 'a role'} of {identity}"
        yield _Identity(account, granted, "Google Cloud", node, role)


def labelled_pods(before: State, old: Resource, new: Resource) -> Iterator[AccountChange]:
    """The pods of an existing workload that Azure's label newly gives their account's identity."""
    had = any(_uses_azure(template) for template in pod_templates(old))
    for template in pod_templates(new):
        if not had and _uses_azure(template):
            account = template.service_account
            known = next(
                (
                    found.annotations.get(_AZURE_CLIENT)
                    for found in before.of(kinds.SERVICE_ACCOUNT, namespace=template.namespace)
                    if found.name == account
                ),
                None,
            )
            who = f"{known!r}" if known else "the identity of their account"
            node = template.node.at("metadata", "labels", _AZURE_USE)
            message = f"Pods of {str_of(new)} now act as {who} in Azure"
            severity = Severity.ERROR if known else Severity.WARNING
            yield AccountChange("SA-CLOUD-IDENTITY", node, message, severity)


def _uses_azure(template: PodTemplate) -> bool:
    return template.labels.get(_AZURE_USE) == "true"
