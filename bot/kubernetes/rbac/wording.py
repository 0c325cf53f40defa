"""Wording of grants for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType

from bot.core.words import series
from bot.kubernetes.rbac.rule_sets import Box, Target
from bot.kubernetes.rbac.rules import ALL, CLUSTER
from bot.kubernetes.rbac.subjects import (
    ANONYMOUS,
    AUTHENTICATED,
    SERVICE_ACCOUNTS,
    UNAUTHENTICATED,
    Subject,
    group,
    user,
)

_MOST_NAMED = 3
_EVERYBODY = MappingProxyType(
    {
        user(ANONYMOUS): "whoever does not log in",
        group(UNAUTHENTICATED): "whoever does not log in",
        group(AUTHENTICATED): "whoever is logged in, every pod included",
        group(SERVICE_ACCOUNTS): "every account in the cluster",
    }
)


def listed(words: Sequence[str], other: str = "more", most: int = _MOST_NAMED) -> str:
    """The words as `a, b and c`, or `a, b, c and 4 more` where there are too many."""
    if len(words) > most + 1:
        words = (*words[:most], f"{len(words) - most} {other}")
    return series(words)


def who(subjects: Iterable[Subject]) -> str:
    """The subjects: the first ones by name; the largest groups say whom they contain."""
    names = [f"{subject}{_meaning(subject)}" for subject in sorted(set(subjects))]
    return listed(names, "other subjects", 2)


def _meaning(subject: Subject) -> str:
    if subject in _EVERYBODY:
        return f" ({_EVERYBODY[subject]})"
    space = subject.name.removeprefix(f"{SERVICE_ACCOUNTS}:")
    if subject.kind == "Group" and space != subject.name:
        return f" (every account of namespace {space})"
    if subject.kind == "ServiceAccount" and subject.name == "default":
        return " (every pod there that names no account)"
    return ""


def where(scopes: Iterable[str]) -> str:
    """The scopes, as the end of a sentence."""
    namespaces = sorted(set(scopes))
    if CLUSTER in namespaces:
        return "in the cluster"
    return f"in namespace{'s' if len(namespaces) > 1 else ''} {listed(namespaces, 'others')}"


def resource(target: Target) -> str:
    """The resource in words."""
    if target.resource != ALL or target.group is None:
        return plain(target)
    of = "" if target.group == ALL else f" of {target.group or 'the core group'}"
    return f"every resource{of}"


def plain(target: Target) -> str:
    """The resource as kubectl writes it: `deployments.apps/scale`; a URL unchanged."""
    if target.group is None:
        return target.resource
    main, slash, subresource = target.resource.partition("/")
    return f"{main}{'.' if target.group else ''}{target.group}{slash}{subresource}"


def resources(boxes: Iterable[Box], most: int = _MOST_NAMED) -> str:
    """The resources of some boxes, the first ones by name."""
    resource_names = dict.fromkeys(resource(target) for box in boxes for target in box.targets)
    return listed(tuple(resource_names), "other resources", most)


def verbs(boxes: Iterable[Box]) -> str:
    """The verbs of some boxes: `get, list and watch`."""
    verb_names = dict.fromkeys(verb for box in boxes for verb in box.verbs)
    return (
        "use every verb on" if ALL in verb_names else listed(tuple(verb_names), "more verbs on", 8)
    )


def names(boxes: Iterable[Box], most: int = _MOST_NAMED) -> str:
    """The names that some boxes are limited to; empty where one of them is not limited."""
    object_names = dict.fromkeys(name for box in boxes for name in box.names)
    return (
        ""
        if None in object_names
        else listed(tuple(str(name or '""') for name in object_names), "more", most)
    )


def allowance(boxes: Sequence[Box]) -> str:
    """What some boxes allow, for grants without a risk of their own."""
    limited = names(boxes)
    return f"{verbs(boxes)} {resources(boxes)}{f' named {limited}' if limited else ''}"
