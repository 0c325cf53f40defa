"""Does a manifest hold the whole object as the API server will see it?"""

from __future__ import annotations

from bot.core.resource import Resource
from bot.kubernetes.gitops.unknowns import PREFIX as UNKNOWN_PREFIX


def is_partial(new: Resource) -> bool:
    """Return whether a file holds only a part of the object: patches may add to it.

    That is so in a kustomization that was not built, and for a workload that has neither a selector
    nor images, which is a patch in a directory of its own.
    """
    if new.source.root:
        return False
    if new.source.kustomize:
        return True
    if new.key.group != "apps" or new.at("spec", "selector").exists:
        return False
    containers = list(new.at("spec", "template", "spec", "containers").items())
    return not all(container["image"].exists for container in containers) or not containers


def is_templated(new: Resource) -> bool:
    """Return whether something replaces parts of the object before the API server sees it.

    Flux replaces variables that only the cluster knows. Carriers have expressions of their own:
    `{{ }}` of ACM and Kyverno, `$( )` of Tekton, `<< >>` of the Flux operator.
    """
    signs = (b"${",) if new.source.nesting is None else (b"${", b"{{", b"$(", b"<<")
    return any(sign in new.encoded for sign in (*signs, UNKNOWN_PREFIX.encode()))
