"""One sentence for each key of the policy, which editors show while a policy is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, Final

KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "version": "The version of the file format.",
        "new-rules": (
            "`enforce`: rules that are new in a version block at once, not only after 14 days."
        ),
        "mode": "`observe`: the check passes and says what would have blocked.",
        "block": "The lowest severity that blocks the merge.",
        "inline": "The lowest severity that gets a thread on its line.",
        "incomplete": "Whether the check passes if something could be reviewed at neither commit.",
        "roots": "The directories from which everything that is applied is declared.",
        "unlisted": "How a manifest is judged that nothing applies.",
        "ignore": "Globs of paths that do not contain your manifests.",
        "environments": "The clusters in the repository, each with its paths.",
        "privileged-namespaces": "Namespaces whose permissions are equivalent to the cluster's.",
        "trusted-sources": "Who may newly connect to anything without a finding.",
        "images": "Which images may run.",
        "rules": "Settings of single rules: a severity, `off`, or a mapping.",
        "owners": "Who owns which namespaces.",
        "approvals": "Who may accept findings of which rules; the first matching entry decides.",
        "notify": "Which teams are requested as reviewers for findings of which rules.",
        "waivers": "Written exceptions, each with a reason and an expiry date.",
        "override": "Who may let a commit be merged in spite of its findings.",
        "promotes": "Environments in the order in which a change is promoted.",
        "assume": "Facts about the clusters that no manifest shows.",
        "rbac": "RBAC that exists in the cluster beside the repository.",
        "render": "Which directories are built.",
        "branches": "Settings for target branches; the first entry that matches applies.",
        "names": "Globs of target branches.",
        "approved": "Registries, parts of registries, or images that may run.",
        "require-digest": "Whether an image with a tag and no digest is a finding.",
        "mirrors": "The registry from which another one's images are to be taken.",
        "teams": "Teams, as `organisation/team`.",
        "users": "Logins of users.",
        "count": "How many people have to accept.",
        "by-review": "Whether an approving review of the pull request counts.",
        "hours": "How long an override lasts.",
        "name": "The environment's name in findings and waivers.",
        "paths": "Globs of paths.",
        "openshift": "Whether the cluster is OpenShift, also where no resource shows it.",
        "kubernetes": 'The minor version of the cluster, in quotes: `"1.34"`.',
        "default-namespace": "The namespace of resources that name none.",
        "default-deny": "Globs of namespaces that deny traffic unless a policy allows it.",
        "known": "Globs of files with RBAC objects that exist in the cluster anyway.",
        "namespaces": "Globs of namespaces.",
        "exclude": "Globs of directories that are never built by themselves.",
        "reason": "Why, for whoever reads it next year.",
        "expires": "The last day of the waiver: `2027-03-31`.",
        "rule": "A glob of rule ids.",
        "resource": "A glob of `Kind/namespace/name`, or `Kind/name` without a namespace.",
        "fingerprint": "One finding, as in the JSON and the check's summary.",
        "escalation": "Who accepts what nobody else is left to accept.",
    }
)


def describe(schema: MutableMapping[str, Any]) -> None:
    """Add the missing descriptions to every property of a schema, whatever its depth.

    An option of a rule without one refers to the rule's page.
    """
    for name, definition in _properties(schema):
        if "description" not in definition:
            definition["description"] = KEYS.get(name, "An option of the rule: see its page.")
    rules = schema.get("properties", {}).get("rules", {}).get("properties", {})
    for rule, definition in rules.items():
        definition["description"] = f"A severity, `off`, or options of {rule}."


def _properties(node: Any) -> Iterator[tuple[str, MutableMapping[str, Any]]]:
    if isinstance(node, list):
        for item in node:
            yield from _properties(item)
    if not isinstance(node, dict):
        return
    properties = node.get("properties")
    if isinstance(properties, dict):
        yield from ((name, value) for name, value in properties.items() if isinstance(value, dict))
    for key, value in node.items():
        if key not in {"default", "enum", "const"}:
            yield from _properties(value)
