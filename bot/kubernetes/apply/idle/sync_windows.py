"""The windows of a project in which Argo CD syncs nothing by itself.

https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/ and
https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1/types.go (CanSync)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.globs import name_matches
from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.apply.idle.schedules import YEAR, starts_in_a_year
from bot.kubernetes.durations import duration_in_seconds
from bot.kubernetes.gitops.owners import application_spec

_ALWAYS: Final = 0.999


def closed_window(owner: Resource, state: State) -> Node | None:
    """Return the window by which an Application, or those of a set, may never be synced.

    One that cannot be read refuses every sync. Windows that deny count by their share of the time,
    together: they may follow each other. `manualSync` is about people alone.
    """
    shares: dict[str, float] = {"deny": 0, "allow": 0}
    first: dict[str, Node] = {}
    for window in _windows(owner, state):
        share = _share(window)
        if share is None:
            return window
        kind = window["kind"].text or ""
        shares[kind] = shares.get(kind, 0) + share
        first.setdefault(kind, window)
    if shares["deny"] >= _ALWAYS:
        return first["deny"]
    return first["allow"] if "allow" in first and not shares["allow"] else None


def _windows(owner: Resource, state: State) -> Iterator[Node]:
    name = application_spec(owner)["project"].text or "default"
    for project in state.of(kinds.APP_PROJECT):
        if project.name == name:
            windows = project.at("spec", "syncWindows").items()
            yield from (window for window in windows if _is_about(window, owner))


def _share(window: Node) -> float | None:
    """The share of the time in which a window is active, at most; None where it is refused."""
    starts = starts_in_a_year(window["schedule"].text or "")
    seconds = duration_in_seconds(window["duration"].text or "")
    if starts is None or seconds is None:
        return None
    return starts * max(seconds, 0) / YEAR


def _is_about(window: Node, owner: Resource) -> bool:
    """Whether a window is about an Application; the names that a set gives may be any."""
    destination = application_spec(owner)["destination"]
    name = owner.name if owner.group_kind == kinds.APPLICATION else ""
    clusters = [text for field in ("server", "name") if (text := destination[field].text)]
    matching = [
        any(name_matches(value, window[field].texts) for value in values)
        for field, values in (
            ("applications", [name]),
            ("namespaces", [destination["namespace"].text or ""]),
            ("clusters", clusters),
        )
        if window[field].texts
    ]
    is_all = window["andOperator"].value is True
    return bool(matching) and (all(matching) if is_all else any(matching))
