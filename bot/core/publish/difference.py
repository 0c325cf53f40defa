"""Words for a difference: what changes in which resources, in how many environments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Final

from bot.core.diff.model import ChangedResource, Difference, DifferenceGroup, FieldChange
from bot.core.publish.markdown import LONGEST_BODY, visible
from bot.core.publish.templating import render
from bot.core.words import counted, first_of, plural
from bot.patterns import pattern
from bot.records import dataclass

MOST_NAMED: Final = 8
"""Resources or environments that are named in one place."""

MOST_IN_TITLE: Final = 3
"""Environments that a title names; more are counted there and listed below."""

MOST_GROUPS: Final = 200
"""Groups of the difference in the summary."""

MOST_FIELDS: Final = 12
"""Changed fields of one resource in the summary."""

MOST_AT_A_GLANCE: Final = 5
"""Lines of a difference that the summary does not fold away."""

_KIND: Final = pattern(r"[A-Za-z][A-Za-z0-9]{0,62}")
_SIGNS: Final = {"added": "+", "changed": "~", "removed": "-"}


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A group as text: a sign (`+`, `~`, `-`), a title, and what the title only counts.

    `resources` are the resources, or the environments of a single one. `fields` are (path, before,
    after), an absent side as an empty text; a value may have several lines.
    """

    sign: str
    title: str
    resources: tuple[str, ...]
    fields: tuple[tuple[str, str, str], ...]
    more: int


def difference_markdown(difference: Difference, longest: int = LONGEST_BODY) -> str:
    """The difference as a list, worst first, cut with a count to at most `longest` bytes."""
    listed = tuple(islice(rows(difference), MOST_GROUPS))
    shown = len(listed)
    while True:
        rest = difference.groups[shown:]
        text = render(
            "difference.md",
            rows=listed[:shown],
            named=MOST_NAMED,
            fields=MOST_FIELDS,
            hidden=len(rest),
            unread=difference.unread[:MOST_NAMED],
            more_unread=len(difference.unread[MOST_NAMED:]),
            hidden_resources=sum(len(group.resources) for group in rest) + difference.omitted,
        )
        if len(text.encode("utf-8", "replace")) <= longest or not shown:
            return text
        shown = shown * 3 // 4


def is_brief(difference: Difference) -> bool:
    """Whether a difference is seen at a glance: a few resources with a few changed fields."""
    lines = sum(max(len(group.fields), 1) for group in difference.groups)
    return not difference.omitted and not difference.unread and lines <= MOST_AT_A_GLANCE


def totals(difference: Difference) -> str:
    """`3 added, 12 changed, 2 removed (1 Job, 1 Role)`, or `nothing changes`."""
    parts = [
        f"{number:,} {change}{_kinds(difference) if change == 'removed' else ''}"
        for change in ("added", "changed", "removed")
        if (number := difference.count(change))
    ]
    if difference.omitted:
        parts.append(f"{difference.omitted:,} more not listed")
    if difference.unread:
        parts.append(f"{counted(len(difference.unread), 'file')} not compared")
    return ", ".join(parts) or "nothing changes"


def _kinds(difference: Difference) -> str:
    """The kinds of the resources that are removed, of which nothing else is shown at a glance.

    The summary has them inside HTML: what no API accepts as a kind is a `resource`.
    """
    kinds = (
        resource.key.kind if _KIND.fullmatch(resource.key.kind) else "resource"
        for group in difference.groups
        if group.change == "removed"
        for resource in group.resources
    )
    return f" ({_counted_kinds(kinds)})"


def _counted_kinds(names: Iterable[str]) -> str:
    """`3 Roles, 1 Job`, and how many kinds more there are."""
    kinds = Counter(names)
    counted = [f"{number} {plural(kind) if number > 1 else kind}" for kind, number in kinds.items()]
    more = f" and {len(counted) - 3} more kinds" if len(counted) > 3 else ""
    return f"{', '.join(counted[:3])}{more}"


def rows(difference: Difference) -> Iterable[DifferenceRow]:
    """The groups in words, worst first. Each line of the text is safe to print."""
    return map(_row, difference.groups)


def _row(group: DifferenceGroup) -> DifferenceRow:
    first, *others = group.resources
    if others:
        title, counted = _counted(group), tuple(map(_named, group.resources))
    elif len(first.environments) > MOST_IN_TITLE:
        title = f"{first.key} in {len(first.environments)} environments"
        counted = first.environments
    else:
        title, counted = _named(first), ()
    return DifferenceRow(
        _SIGNS[group.change],
        visible(title),
        tuple(map(visible, counted)),
        tuple(map(_field, group.fields)),
        group.omitted,
    )


def _named(resource: ChangedResource) -> str:
    where = _environments(resource.environments)
    return f"{resource.key}{f' in {where}' if where else ''}"


def _environments(names: Iterable[str]) -> str:
    names = tuple(dict.fromkeys(names))
    if names == ("default",):
        return ""
    return first_of(names, MOST_NAMED)


def _counted(group: DifferenceGroup) -> str:
    """`image in 12 Deployments of 3 environments`."""
    what = _counted_kinds(resource.key.kind for resource in group.resources)
    distinct = list(dict.fromkeys(_short(change.path) for change in group.fields))
    fields = first_of(distinct, 2, " and ")
    subject = f"{fields} in {what}" if fields else what
    environments = {name for place in group.resources for name in place.environments}
    where = f" of {len(environments)} environments" if len(environments) > 1 else ""
    return f"{subject}{where}"


def _short(path: str) -> str:
    """The last step of a path; of a list item or a quoted key, what is bracketed."""
    if path.endswith("]"):
        holder, _, item = path[:-1].rpartition("[")
        return _short(holder) if item.isdigit() or "=" in item else item
    return path.rpartition(".")[2]


def _field(change: FieldChange) -> tuple[str, str, str]:
    before, after = (
        "\n".join(map(visible, (value or "").split("\n")))
        for value in (change.before, change.after)
    )
    return (visible(change.path), before, after)
