"""Renders the packaged templates, with the filters that escape what they show."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.core.engine.approvals import short_id
from bot.core.engine.review import Location, ReviewFinding
from bot.core.finding import Graph, Severity
from bot.core.policy.model import Policy
from bot.core.publish import markdown, named_ids
from bot.core.publish.pages import Pages, place
from bot.core.words import counted

if TYPE_CHECKING:
    import jinja2

_SIGNS: Final = MappingProxyType(
    {Severity.ERROR: "🔴", Severity.WARNING: "🟠", Severity.NOTICE: "🔵"}
)


def consequence(finding: ReviewFinding, policy: Policy) -> str:
    """The finding's effect on the merge, in a word or two; empty for none."""
    if not finding.blocks:
        # Everything of this severity blocks but for what its rule only observes.
        return "would block" if policy.block.reached_by(finding.severity) else ""
    return "would block" if policy.mode == "observe" else "blocks"


def sign(finding: ReviewFinding) -> str:
    """A coloured sign of the severity, which is seen before a word is read."""
    return _SIGNS[finding.severity]


def _linked(location: Location, pages: Pages) -> str:
    return pages.link(location)


def _brief(text: str) -> str:
    return markdown.visible(text, 120)


def _in_cell(text: str) -> str:
    """Markdown that is escaped already, for a table's cell."""
    return text.replace("\\|", "\\ |").replace("|", "\\|")


def _fenced(text: str, language: str = "") -> str:
    fence = markdown.fence_for(text)
    return f"{fence}{language}\n{text}\n{fence}"


def _line_changes(before: str, after: str) -> str:
    """The lines of two texts as a block in which those that go and those that come are coloured."""
    lines = [
        f"{sign}{line}"
        for sign, text in (("-", before), ("+", after))
        for line in text.split("\n")
        if text
    ]
    return _fenced("\n".join(lines), "diff")


def _yaml_text(text: str) -> str:
    """The text as a double-quoted YAML scalar on one line."""
    shown = markdown.visible(text, 200).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


def _node(graph: Graph, name: str) -> str:
    """The identifier of a node in a mermaid graph."""
    names = dict.fromkeys(end for edge in graph.edges for end in edge[:2])
    return f"n{list(names).index(name)}"


@cache
def _templates() -> jinja2.Environment:
    """The Jinja2 environment of the packaged templates."""
    import jinja2  # noqa: PLC0415 - slow, and most commands render none

    # The output is Markdown, for which HTML escaping would be wrong and insufficient. Each template
    # escapes every value by a filter, and tests check that.
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("templates", ""),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "prose": markdown.prose,
        "sentence": markdown.sentence,
        "cell": markdown.cell,
        "code": markdown.code,
        "code_cell": markdown.code_cell,
        "label": markdown.label,
        "fenced": _fenced,
        "line_changes": _line_changes,
        "node": _node,
        "place": place,
        "short_id": short_id,
        "shown_id": named_ids.shown_id,
        "marked": named_ids.marked,
        "yaml": _yaml_text,
        "counted": counted,
        "consequence": consequence,
        "sign": sign,
        "brief": _brief,
        "linked": _linked,
        "in_cell": _in_cell,
    }
    return environment


def render(template: str, /, **values: object) -> str:
    """Render a template, and cut the text to what GitHub accepts."""
    return render_named(template, **values).text


def render_named(template: str, /, **values: object) -> named_ids.RenderedText:
    """The same text, and which findings and problems it names by their ids."""
    return named_ids.without_marks(_templates().get_template(template).render(values))
