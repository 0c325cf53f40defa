"""Why a root, or its upgrade, was not built."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bot.core.rendering import BuildResult
from bot.core.states.placements.applied import Applied
from bot.core.states.roots.reasons import Reason
from bot.core.states.roots.root import Root
from bot.patterns import pattern

# A renderer may show the patch that it cannot apply, which may be a Secret's.
_CONTENT: Final = pattern(r"(?s)[\[{`].{40,}")


def not_built(root: Root, built: BuildResult) -> tuple[Reason, ...]:
    """Return what refuses a root, else what needs a renderer, and what that said."""
    if root.refusals:
        return root.refusals
    needs = root.reasons[0]
    if built.status == "unavailable":
        return (replace(needs, message=f"{needs.message}, and {built.message}"),)
    return (replace(needs, message=_CONTENT.sub("[…]", built.message)),)


def not_upgraded(applied: Applied, message: str) -> Applied:
    """Return a root with the reason for which its upgrade was not built."""
    why = replace(applied.root.reasons[0], message=f"as an upgrade: {_CONTENT.sub('[…]', message)}")
    return replace(applied, upgrade_reasons=(why,))
