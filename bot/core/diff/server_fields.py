"""The fields of a manifest that the API server does not take from it.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
"""

from __future__ import annotations

from typing import Any, Final

_METADATA: Final = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
"""Fields of `metadata` that the server sets itself."""

_GROUPS: Final = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"})


def without_server_fields(body: Any, group: str) -> Any:
    """The body of a resource without the fields that applying it cannot change.

    `status` belongs to the server for every kind of Kubernetes itself. A custom resource without a
    status subresource gets it from the manifest like any other field, so there it is kept.
    """
    if not isinstance(body, dict):
        return body
    ours = group in _GROUPS or group.endswith(".k8s.io")
    kept = {key: value for key, value in body.items() if key != "status" or not ours}
    metadata = kept.get("metadata")
    if isinstance(metadata, dict):
        kept["metadata"] = {key: metadata[key] for key in metadata if key not in _METADATA}
    return kept
