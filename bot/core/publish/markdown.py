"""Escapes text of a pull request for GitHub's Markdown, for mermaid and for terminals.

Text of a pull request is hostile: escaped, it mentions nobody, links and loads nothing, hides or
reorders nothing, and closes no block.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby
from typing import Final

from bot.patterns import pattern

LONGEST_TEXT: Final = 1_000
"""Characters of a sentence or name that are shown; the rest is cut."""

LONGEST_BODY: Final = 64_000
"""Bytes. GitHub accepts 65,535 in a check's summary, and counts bytes where its documentation says
characters (https://github.com/github/docs/issues/35252). The rest is a margin."""

# A plain word: letters with apostrophes or hyphens inside, or a short number. Every other word
# (paths, names, addresses, anything that GitHub might link) is shown as code, in which GitHub
# links and mentions nothing.
_PROSE: Final = pattern(r"(?:[A-Za-z]+(?:['-][A-Za-z]+)*|[0-9]{1,6}%?)")
_COMMIT: Final = pattern(r"[0-9A-Fa-f]{7,40}")
_AROUND: Final = pattern(r"([(\"']*)(.*?)([)\"'.,:;?!]*)", re.DOTALL)
# No code span may touch another: their backticks would join.
_SPAN: Final = pattern(r"(?<!\S)(\(?)`([^`]{1,200})`([).,:;]*)(?!\S)")
_SENTENCE_ENDS: Final = (".", "?", "!", "…")
_PLAIN_MARKS: Final = frozenset("-+=/&")
WITHHELD: Final = "(withheld)"

# Tokens of GitHub, GitLab, Slack and AWS, private keys, and passwords in addresses, which occur in
# image names, arguments and annotations.
_CREDENTIAL: Final = pattern(
    r"gh[pousr]_[A-Za-z0-9._-]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{20,}"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}|A[KS]IA[0-9A-Z]{16}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY.*|(?<=://)[^/\s@:]{0,100}:[^/\s@]{1,100}(?=@)",
    re.DOTALL,
)
# Default-ignorable characters beside format characters (joiners, fillers, variation selectors),
# which can hide text, and U+2800, which is blank.
# https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
_UNSEEN: Final = pattern(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
_FENCE: Final = pattern(r"^(`{3,}|~{3,})")
_LABEL: Final = pattern(r"[^A-Za-z0-9 ./:@_*,()-]")


def visible(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text on one line; invisible, reordering and control characters become U+FFFD.

    Anything that looks like a token, a key or a password in an address is withheld.
    """
    redacted = _CREDENTIAL.sub(WITHHELD, text)
    cut = redacted if len(redacted) <= longest else redacted[: longest - 1] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(map(_seen, cut))


def _seen(char: str) -> str:
    if char in "\t\n\r":
        return " "
    # Cc, Cf, Cs, Co, Cn: control, format (bidi, zero width), surrogates, private, unassigned.
    # Zl and Zp are line breaks.
    category = unicodedata.category(char)
    if category[0] == "C" or category in {"Zl", "Zp"} or _UNSEEN.match(char):
        return "\ufffd"
    return " " if category == "Zs" else char


def code(text: str) -> str:
    """The text as a code span, with a fence longer than any run of backticks in it."""
    shown = visible(text)
    if not shown.strip():
        return "` `"
    fence = "`" * (_longest_run(shown) + 1)
    room = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{fence}{room}{shown}{room}{fence}"


def prose(text: str) -> str:
    """A sentence in which every word that is not a plain word is a code span.

    What stands between backticks, apart from other words, is one code span.
    """
    shown, parts, end = visible(text), [], 0
    for span in _SPAN.finditer(shown):
        parts += _words(shown[end : span.start()])
        parts.append(f"{_escaped(span[1])}{code(span[2])}{_escaped(span[3])}")
        end = span.end()
    return " ".join((*parts, *_words(shown[end:])))


def sentence(text: str, addition: str = "") -> str:
    """Escaped text with a full stop, unless it ends a sentence itself; `addition` follows `and`."""
    if text.endswith(_SENTENCE_ENDS):
        return f"{text} And {addition}." if addition else text
    return f"{text}, and {addition}." if addition else f"{text}."


def _words(text: str) -> list[str]:
    return [_word(word) for word in text.split(" ") if word]


def cell(text: str) -> str:
    """A sentence escaped for a table cell."""
    # A backslash escapes a bar in a table, also inside code. A backslash before it would escape
    # that backslash, so the two are separated. https://github.github.com/gfm/#tables-extension-
    return prose(text.replace("\\|", "\\ |")).replace("|", "\\|")


def code_cell(text: str) -> str:
    """A code span escaped for a table cell."""
    return code(text.replace("\\|", "\\ |")).replace("|", "\\|")


def _word(word: str) -> str:
    match = _AROUND.fullmatch(word)
    before, inner, after = match.groups() if match else ("", word, "")
    if not inner:
        return _escaped(word)
    if inner in _PLAIN_MARKS:
        return f"{before}{_escaped(inner)}{_escaped(after)}"
    if _PROSE.fullmatch(inner) and not _COMMIT.fullmatch(inner) and "GH-" not in inner.upper():
        return f"{_escaped(before)}{inner}{_escaped(after)}"
    return f"{_escaped(before)}{code(inner)}{_escaped(after)}"


def _escaped(marks: str) -> str:
    """Punctuation escaped, so that it is not Markdown."""
    out = "".join(f"\\{char}" if char in "!()-+=" else char for char in marks)
    return out.replace("&", "&amp;")


def _longest_run(text: str) -> int:
    return max((len(list(run)) for char, run in groupby(text) if char == "`"), default=0)


def fence_for(text: str) -> str:
    """A fence that no line of the text can close."""
    return "`" * max(3, _longest_run(text) + 1)


def label(text: str) -> str:
    """The text as the label of a mermaid node or edge, which is written between quotes."""
    return _LABEL.sub("·", visible(text, 80)) or "·"


def capped(body: str, longest: int = LONGEST_BODY) -> str:
    """The body, cut at a line's end where it has too many bytes, with open blocks closed."""
    data = body.encode("utf-8", "replace")
    if len(data) <= longest:
        return body
    note = "\n\n… cut here: the text is longer than GitHub accepts.\n"
    cut = data[: longest - len(note.encode()) - 100].decode("utf-8", "ignore")
    kept = cut.rpartition("\n")[0] or cut
    fence, details = "", 0
    for line in kept.split("\n"):
        if opening := _FENCE.match(line.lstrip(" >")):
            if not fence:
                fence = opening[1]
            elif opening[1].startswith(fence) and line.strip() == opening[1]:
                fence = ""
        elif not fence:
            details += line.count("<details") - line.count("</details>")
    if fence:
        kept += f"\n{fence}"
    return kept + note + "\n</details>\n" * max(details, 0)
