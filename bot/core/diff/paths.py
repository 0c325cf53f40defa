"""Field paths as text, such as `spec.template.spec.containers[name=web].image`."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.resource import Route


def field_path(steps: Sequence[str]) -> str:
    """The path of these steps; `[...]` is a list item, and a key with a dot is bracketed too."""
    text = ""
    for step in steps:
        if step.startswith("["):
            text += step
        elif "." in step or "/" in step:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def route_path(route: Route) -> str:
    """The path of a route, up to the first list whose items have no merge key."""
    steps: list[str] = []
    for step in route:
        if isinstance(step, str):
            steps.append(step)
        elif "=" in step.key:
            steps.append(str(step))
        else:
            break
    return field_path(steps)
