"""Limits of Argo CD projects beyond lists: accounts that sync, signatures, and sync windows.

https://argo-cd.readthedocs.io/en/stable/operator-manual/project-specification/
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import product
from typing import Final

from bot.core.finding import Side
from bot.core.resource import Node
from bot.kubernetes.authority.pattern_lists import matches_path, place
from bot.records import dataclass

Widened = Iterator[tuple[Node, str, Side]]

_MODES: Final = ("none", "head", "strict")
_MOST_POINTS: Final = 2_000


def accounts_changed(base: Node, head: Node) -> Widened:
    """The destinations that are synced as another account; the first entry that matches decides.

    Without any entry at base, the first ones take rights from the controller and are not reported.
    """
    old = tuple(base["destinationServiceAccounts"].items())
    new = tuple(head["destinationServiceAccounts"].items())
    if not old:
        return
    told: set[int] = set()
    for server, namespace in _points((*old, *new)):
        before, after = _entry(old, server, namespace), _entry(new, server, namespace)
        if after is None or _account(after) == (None if before is None else _account(before)):
            continue
        index = new.index(after)
        if index not in told:
            told.add(index)
            where = f"namespace {after['namespace'].text or '(none)'} of {_server(after)}"
            yield after, f"syncs into {where} as account {_account(after)}", "RIGHT"


def _points(entries: tuple[Node, ...]) -> Iterator[tuple[str, str]]:
    """Destinations that stand for all that the patterns tell apart."""
    servers = dict.fromkeys(_example(_server(entry)) for entry in entries)
    namespaces = dict.fromkeys(_example(entry["namespace"].text or "") for entry in entries)
    for count, point in enumerate(product((*servers, "another"), (*namespaces, "another"))):
        if count < _MOST_POINTS:
            yield point


def _example(pattern: str) -> str:
    return pattern.replace("*", "x")


def _server(entry: Node) -> str:
    return entry["server"].text or entry["name"].text or ""


def _entry(entries: tuple[Node, ...], server: str, namespace: str) -> Node | None:
    return next(
        (
            entry
            for entry in entries
            if fnmatchcase(server, _server(entry))
            and fnmatchcase(namespace, entry["namespace"].text or "")
        ),
        None,
    )


def _account(entry: Node) -> str:
    return entry["defaultServiceAccount"].text or ""


@dataclass(frozen=True, slots=True)
class _Signing:
    """How sources that match a pattern have to be signed, and by which keys."""

    repository: str
    mode: int
    keys: frozenset[str]


def signatures_changed(base: Node, head: Node) -> Widened:
    """The sources of which less is asked than before, by `sourceIntegrity` or `signatureKeys`."""
    old, new = tuple(_signings(base)), tuple(_signings(head))
    for source in head["sourceRepos"].texts or ("*",):
        before, after = _strictest(old, source), _strictest(new, source)
        if before is None or before.mode == 0:
            continue
        node, side = place(head["sourceIntegrity"], base["sourceIntegrity"])
        if not node.exists:
            node, side = place(head["signatureKeys"], base["signatureKeys"])
        of = "" if source == "*" else f" of {source}"
        if after is None or after.mode == 0:
            yield node, f"no longer asks for signed commits{of}", side
        elif after.mode < before.mode:
            yield node, f"asks only for a signed last commit{of}", side
        elif after.keys - before.keys:
            keys = ", ".join(sorted(after.keys - before.keys)[:3])
            yield node, f"trusts commits{of} that are signed by {keys}", side
        else:
            continue
        return


def _signings(spec: Node) -> Iterator[_Signing]:
    keys = frozenset(item["keyID"].text or "" for item in spec["signatureKeys"].items())
    if keys:
        yield _Signing("*", _MODES.index("head"), keys)
    for policy in spec["sourceIntegrity"]["git"]["policies"].items():
        gpg = policy["gpg"]
        mode = (gpg["mode"].text or "strict").lower()
        rank = _MODES.index(mode) if mode in _MODES else len(_MODES) - 1
        for repository in policy["repos"].texts or ("*",):
            yield _Signing(repository, rank, frozenset(gpg["keys"].texts))


def _strictest(signings: tuple[_Signing, ...], source: str) -> _Signing | None:
    """The demand on a source; `*` and `**` match every source."""
    held = [
        signing
        for signing in signings
        if signing.repository in {"*", "**"} or matches_path(signing.repository, source)
    ]
    return max(held, key=lambda signing: signing.mode, default=None)


def windows_changed(base: Node, head: Node) -> Widened:
    """The windows that no longer keep syncs out, or that let manual ones through."""
    old, new = tuple(base["syncWindows"].items()), tuple(head["syncWindows"].items())
    by_content = {_content(window): window for window in new}
    for window in old:
        counterpart = by_content.get(_content(window))
        if window["kind"].text != "deny":
            continue
        when = f"at {window['schedule'].text} for {window['duration'].text}"
        if counterpart is None:
            yield window, f"no longer denies syncs {when}", "LEFT"
        elif counterpart["manualSync"].value is True and window["manualSync"].value is not True:
            yield counterpart["manualSync"], f"lets manual syncs through {when}", "RIGHT"
    allowed = [window for window in old if window["kind"].text == "allow"]
    if allowed and not any(window["kind"].text == "allow" for window in new):
        yield allowed[0], "takes syncs at any time", "LEFT"


def _content(window: Node) -> str:
    """What tells one window from another, whatever it says of manual syncs."""
    fields = ("kind", "schedule", "duration", "applications", "namespaces", "clusters", "timeZone")
    return repr([window[field].value for field in (*fields, "andOperator")])
