"""The pages of the rules as HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from markdown_it import MarkdownIt

from bot.catalog import load_rules, severities

_DIFF: Final = re.compile(r'<pre><code class="language-diff">(.*?)</code></pre>', re.DOTALL)
_LINK: Final = re.compile(r'href="([a-z0-9_]+)\.md"')


@dataclass(frozen=True, slots=True)
class RulePage:
    """A rule's id, its severities, worst first, and its summary and its page as HTML."""

    id: str
    severities: tuple[str, ...]
    summary: str
    html: str


@cache
def rule_pages() -> dict[str, RulePage]:
    """The pages of all rules by id. They are a part of the program, so their text is trusted."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    return {
        rule.id: RulePage(
            rule.id,
            tuple(map(str, severities(rule))),
            _linked(parser.renderInline(rule.page.summary)),
            _linked(parser.render(rule.page.text)),
        )
        for rule in load_rules()
    }


def _marked(lines: str) -> str:
    """A block of a difference, with the lines that go and those that come as such."""
    tags = {"-": "del", "+": "ins"}
    marked = (
        f"<{tags[line[0]]}>{line}</{tags[line[0]]}>" if line[:1] in tags else f"<span>{line}</span>"
        for line in lines.rstrip("\n").split("\n")
    )
    return f'<pre class="diff" tabindex="0"><code>{"".join(marked)}</code></pre>'


def _linked(html: str) -> str:
    """Links between files in `rules/` as links between pages, and blocks that keys can scroll."""
    html = _DIFF.sub(lambda match: _marked(match[1]), html)
    html = html.replace("<pre>", '<pre tabindex="0">')
    return _LINK.sub(lambda match: f'href="/rules/{match[1].replace("_", "-")}"', html)
