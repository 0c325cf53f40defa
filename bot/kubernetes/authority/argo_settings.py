"""Argo CD's own settings in ConfigMaps, and operations, that open it or go around reviews."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.finding import Side
from bot.core.resource import Node, Resource
from bot.kubernetes.authority.pattern_lists import place
from bot.kubernetes.workloads.pods import str_of

SETTINGS_NAME: Final = "argocd-cm"
"""The ConfigMap of Argo CD's settings."""
_NO_LONGER_TRUE: Final = ""
_BUILD_OPTIONS: Final = "kustomize.buildOptions"
_EXECUTING: Final = ("--enable-exec", "--enable-alpha-plugins", "--network")
# https://argo-cd.readthedocs.io/en/stable/operator-manual/argocd-cm-yaml/
# https://argo-cd.readthedocs.io/en/stable/operator-manual/argocd-cmd-params-cm-yaml/
_OPENING: Final[Mapping[tuple[str, str], tuple[str, str]]] = MappingProxyType(
    {
        ("argocd-cmd-params-cm", "server.disable.auth"): (
            "true",
            "lets everybody who reaches Argo CD do everything, without signing in",
        ),
        (SETTINGS_NAME, "users.anonymous.enabled"): (
            "true",
            "lets people who have not signed in do what policy.default allows",
        ),
        (SETTINGS_NAME, "exec.enabled"): ("true", "lets people open shells in pods from Argo CD"),
        (SETTINGS_NAME, "kustomize.enable"): (
            "false",
            "no longer builds kustomizations, but applies the files beside them as they are",
        ),
        (SETTINGS_NAME, "helm.enable"): (
            "false",
            "no longer renders charts, but applies the files in them as they are",
        ),
        (SETTINGS_NAME, "jsonnet.enable"): ("false", "no longer evaluates Jsonnet"),
        (SETTINGS_NAME, "application.sync.impersonation.enabled"): (
            _NO_LONGER_TRUE,
            "no longer syncs with the accounts of projects, but with Argo CD's own",
        ),
    }
)
SETTINGS: Final = frozenset(name for name, _ in _OPENING)
"""The ConfigMaps that hold these settings."""


def settings_opened(old: Resource | None, new: Resource) -> Iterator[tuple[Node, str, Side]]:
    """The settings of a ConfigMap that newly open Argo CD, each with what it then does."""
    for (name, key), (value, effect) in _OPENING.items():
        if new.name != name:
            continue
        node = new.at("data", key)
        was = old.at("data", key) if old is not None else None
        if value == _NO_LONGER_TRUE:
            opened = was is not None and was.text == "true" and node.text != "true"
        else:
            opened = node.text == value and (was is None or was.text != value)
        if opened:
            where, side = place(node, was) if was is not None else (node, "RIGHT")
            yield where, f"{str_of(new)} {effect} ({key})", side
    if new.name == SETTINGS_NAME:
        yield from _programs_run(old, new)


def _programs_run(old: Resource | None, new: Resource) -> Iterator[tuple[Node, str, Side]]:
    """The options with which kustomize newly runs what a repository names."""
    for key, node in new.at("data").fields():
        if key.startswith(_BUILD_OPTIONS):
            was = (old.at("data", key).text or "") if old is not None else ""
            for option in _EXECUTING:
                if option in (node.text or "") and option not in was:
                    message = f"{str_of(new)} lets kustomizations run programs in Argo CD"
                    yield node, f"{message} ({option})", "RIGHT"


def operation_started(old: Resource | None, new: Resource) -> Iterator[tuple[Node, str, Side]]:
    """What an operation applies that the spec of its Application does not say.

    Argo CD runs an operation that an Application carries with the sources, revisions and manifests
    that it names: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-kubectl/
    """
    if old is not None and old.at("operation").value == new.at("operation").value:
        return
    spec, sync = new.at("spec"), new.at("operation", "sync")
    declared = {
        source["targetRevision"].text for source in (spec["source"], *spec["sources"].items())
    }
    for name in ("source", "sources", "manifests", "revision", "revisions"):
        node = sync[name]
        named = set(node.texts) if name == "revisions" else {node.text}
        if node.exists and not (name.startswith("revision") and named <= declared):
            what = f"applies what its operation says ({name}), and not what its spec does"
            yield node, f"{str_of(new)} {what}", "RIGHT"
