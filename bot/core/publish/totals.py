"""The lines of the summary that count: what was compared, rendered and validated."""

from __future__ import annotations

from bot.core.engine.review import Summary
from bot.core.words import counted


def compared(totals: Summary) -> str:
    """What was compared: `312 resources in 41 environments compared: 2 changed, images only`."""
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (totals.resources.added, "added"),
            (totals.resources.changed, "changed"),
            (totals.resources.removed, "removed"),
        )
        if number
    ]
    changes = ", ".join(parts) or "nothing changed"
    only = ", images only" if totals.change == "images" else ""
    grants = [
        f"{counted(number, 'grant')} {word}"
        for number, word in ((totals.grants.added, "added"), (totals.grants.removed, "removed"))
        if number
    ]
    rights = f"; {', '.join(grants)}" if grants else ""
    return f"{places(totals)} compared: {changes}{only}{rights}"


def places(totals: Summary) -> str:
    """How much was compared: `312 resources in 41 environments`."""
    resources = counted(totals.compared, "resource")
    return f"{resources} in {counted(totals.environments, 'environment')}"


def validated(summary: Summary) -> str:
    """The line that says how changed objects were validated; empty where none was."""
    validation = summary.validation
    if validation is None:
        return ""
    objects = counted(validation.objects, "changed object")
    if validation.tool:
        return f"{objects} validated by Kubernetes' own code ({validation.tool})"
    return f"{objects} compared with published schemas; no validator is installed"


def rendered(totals: Summary) -> str:
    """How many roots were rendered, and by what; empty where no root needs a renderer."""
    renders = totals.rendered
    if renders is None:
        return ""
    by = [
        *renders.tools,
        *([f"sandbox: {renders.sandbox}"] if renders.sandbox else []),
    ]
    shown = f" ({', '.join(by)})" if by else ""
    return f"Rendered {renders.rendered:,} of {counted(renders.affected, 'affected root')}{shown}"
