"""Markdown as GitHub renders it, as far as reviews use it."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# Tags that GitHub lets through and reviews use, with no attribute but `open`.
_TAG = re.compile(r"&lt;(/?(?:details(?: open)?|summary|br|sub|sup|kbd|b|i|strong|em) ?/?)&gt;")


def render(text: str | None) -> Markup:
    """The text as HTML in which nothing that the author wrote can run."""
    return Markup(_PARSER.render(text or ""))  # noqa: S704 - all HTML in it is escaped below


def _safe(
    _renderer: object, tokens: Sequence[Token], index: int, _options: object, _env: object
) -> str:
    """Raw HTML without comments, escaped but for a few plain tags."""
    visible = _COMMENT.sub("", tokens[index].content)
    return _TAG.sub(r"<\1>", html.escape(visible, quote=False))


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for rule in ("html_block", "html_inline"):
        parser.add_render_rule(rule, _safe)
    return parser


_PARSER = _parser()
