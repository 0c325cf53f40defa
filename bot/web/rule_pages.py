"""The pages of the rules as HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from markdown_it import MarkdownIt

from bot.catalog import load_rules, severities
from bot.core.engine.page import PROMISE

_DIFF: Final = re.compile(r'<pre><code class="language-diff">(.*?)</code></pre>', re.DOTALL)
_TAGS: Final = {"-": "del", "+": "ins"}
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
            _linked(_with_differences(parser.render(rule.page.text), str(rule.severity))),
        )
        for rule in load_rules()
    }


def _marked(lines: str, default: str) -> str:
    """A block of a difference: each removed, added and kept line, its promised finding below it."""
    marked = "".join(_marked_line(line, default) for line in lines.rstrip("\n").split("\n"))
    return f'<pre class="diff" tabindex="0"><code>{marked}</code></pre>'


def _marked_line(line: str, default: str) -> str:
    tag = _TAGS.get(line[:1], "span")
    manifest, *promises = PROMISE.split(line)
    findings = zip(promises[::2], promises[1::2], strict=True)
    return f"<{tag}>{manifest}</{tag}>" + "".join(
        f'<span class="promise {severity or default}">{severity or default}: {message}</span>'
        for severity, message in findings
    )


def _with_differences(html: str, default: str) -> str:
    return _DIFF.sub(lambda match: _marked(match[1], default), html)


def _linked(html: str) -> str:
    """Links between files in `rules/` as links between pages, and blocks that keys can scroll."""
    html = html.replace("<pre>", '<pre tabindex="0">')
    return _LINK.sub(lambda match: f'href="/rules/{match[1].replace("_", "-")}"', html)
