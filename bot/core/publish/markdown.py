"""Text of a pull request made harmless for GitHub's Markdown, mermaid and terminals.

Whatever stands in a pull request may be written to deceive: nobody is mentioned by it, nothing is
linked, loaded, hidden or reordered by it, and no block is closed by it.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby
from typing import Final

LONGEST_TEXT: Final = 1_000
"""No sentence or name that people should read is longer; what is longer is cut."""

LONGEST_BODY: Final = 64_000
"""Bytes. GitHub takes 65,535 in a check's summary and counts bytes where it speaks of characters
(https://github.com/github/docs/issues/35252); the rest is room for what it adds."""

# A word of prose: letters, an apostrophe or hyphens inside, or a short number. Everything else
# (paths, names, addresses, anything that GitHub might link or people might misread) is shown as
# code, in which GitHub links and mentions nothing.
_PROSE: Final = re.compile(r"(?:[A-Za-z]+(?:['-][A-Za-z]+)*|[0-9]{1,6}%?)")
_COMMIT: Final = re.compile(r"[0-9A-Fa-f]{7,40}")
_AROUND: Final = re.compile(r"([(\"']*)(.*?)([)\"'.,:;?!]*)", re.DOTALL)
_PLAIN_MARKS: Final = frozenset("-+=/&")
WITHHELD: Final = "(withheld)"

# Tokens of GitHub, GitLab, Slack and AWS, private keys, and a user's password in an address. People
# write them where a manifest has room: into an image's name, an argument, an annotation.
_CREDENTIAL: Final = re.compile(
    r"gh[pousr]_[A-Za-z0-9._-]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{20,}"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}|A[KS]IA[0-9A-Z]{16}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY.*|(?<=://)[^/\s@:]{0,100}:[^/\s@]{1,100}(?=@)",
    re.DOTALL,
)
# What Unicode calls ignorable beside format characters: joiners, fillers and variation selectors,
# in which whole texts are hidden; and the one symbol that is blank.
# https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
_FENCE: Final = re.compile(r"^(`{3,}|~{3,})")
_LABEL: Final = re.compile(r"[^A-Za-z0-9 ./:@_*,()-]")


def visible(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text on one line, with what is invisible, reorders or controls shown as U+FFFD.

    What has the form of a token, a key or a password in an address is withheld.
    """
    told = _CREDENTIAL.sub(WITHHELD, text)
    cut = told if len(told) <= longest else told[: longest - 1] + "…"
    return "".join(_seen(char) for char in cut)


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
    """The text as a code span, whose fence is longer than any run of backticks inside."""
    shown = visible(text)
    if not shown.strip():
        return "` `"
    fence = "`" * (_longest_run(shown) + 1)
    room = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{fence}{room}{shown}{room}{fence}"


def prose(text: str) -> str:
    """A sentence in which every word that is more than a plain word is a code span."""
    return " ".join(_word(word) for word in visible(text).split(" ") if word)


def cell(text: str) -> str:
    """A sentence that can stand in a table's cell."""
    # A bar is escaped with a backslash, also inside code; one more backslash before it would
    # escape that one, so the two are set apart. https://github.github.com/gfm/#tables-extension-
    return prose(text.replace("\\|", "\\ |")).replace("|", "\\|")


def code_cell(text: str) -> str:
    """A code span that can stand in a table's cell."""
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
    """Marks of punctuation, as characters rather than as Markdown."""
    out = "".join(f"\\{mark}" if mark in "!()-+=" else mark for mark in marks)
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
    """The body, cut at a line's end if it is of too many bytes, with what is open closed again."""
    data = body.encode("utf-8", "replace")
    if len(data) <= longest:
        return body
    note = "\n\n… cut here: the text is longer than GitHub takes.\n"
    held = data[: longest - len(note.encode()) - 100].decode("utf-8", "ignore")
    kept = held.rpartition("\n")[0] or held
    fence, details = "", 0
    for line in kept.split("\n"):
        if mark := _FENCE.match(line.lstrip(" >")):
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence) and line.strip() == mark[1]:
                fence = ""
        elif not fence:
            details += line.count("<details>") - line.count("</details>")
    if fence:
        kept += f"\n{fence}"
    return kept + note + "\n</details>\n" * max(details, 0)
