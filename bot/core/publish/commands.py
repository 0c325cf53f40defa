"""Parses the commands that people write in comments, such as `/fairlead approve`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from bot.core.publish.markdown import visible
from bot.patterns import pattern
from bot.records import dataclass

Verb: TypeAlias = Literal["approve", "override", "recheck", "explain", "help", "unknown"]

LONGEST_COMMENT: Final = 65_536
"""Characters that GitHub accepts in a comment; a longer text was not written there."""

LONGEST_REASON: Final = 500

_MOST: Final = 10
_WORD: Final = "/fairlead"
_FENCE: Final = pattern(r" {0,3}(`{3,}|~{3,})")
_ID: Final = pattern(r"[0-9a-z]{4,64}(?:-[0-9]{1,5})?")
_HAS_ID: Final = frozenset({"approve", "explain"})
_HAS_REASON: Final = frozenset({"approve", "override"})


@dataclass(frozen=True, slots=True)
class Command:
    """A command. `id` is `all` or a finding's id; `fault` says why it cannot be carried out."""

    verb: Verb
    id: str = ""
    reason: str = ""
    fault: str | None = None


def parse_commands(text: str) -> tuple[Command, ...]:
    """The commands of a comment, each at the start of a line that the author wrote.

    Quoted lines, code and HTML comments are ignored: a reply by e-mail quotes what others wrote.
    """
    if len(text) > LONGEST_COMMENT or _WORD not in text:
        return ()
    commands = (_command(line) for line in _own_lines(text) if _is_command(line))
    return tuple(command for command, _ in zip(commands, range(_MOST), strict=False))


def _is_command(line: str) -> bool:
    return line == _WORD or line.startswith((f"{_WORD} ", f"{_WORD}\t"))


def _own_lines(text: str) -> Iterator[str]:
    """The lines that are neither quoted, nor code, nor inside an HTML comment."""
    fence, hidden, quoted = "", False, False
    for line in text.replace("\r\n", "\n").split("\n"):
        if fence:
            fence_match = _FENCE.match(line)
            if fence_match and fence_match[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
            continue
        if hidden:
            hidden = "-->" not in line
            continue
        fence_match = _FENCE.match(line)
        if fence_match:
            fence = fence_match[1]
            continue
        # A line directly below a quoted one continues the quotation.
        # https://spec.commonmark.org/0.31.2/#block-quotes
        quoted = line.lstrip().startswith(">") or (quoted and bool(line.strip()))
        hidden = "<!--" in line and "-->" not in line.rpartition("<!--")[2]
        if not quoted and not line.startswith(("    ", "\t", " \t", "  \t", "   \t")):
            yield line.strip(" \t")


def _command(line: str) -> Command:
    words = line.split(maxsplit=3)[1:]
    verb = words[0].lower() if words else "help"
    match verb:
        case "approve" | "explain":
            rest = words[1:]
            named = rest[0].strip("`").lower() if rest else ""
            reason = _reason(" ".join(rest[1:])) if verb == "approve" else ""
            return Command(verb, named, reason, _fault(verb, named, reason))
        case "override":
            reason = _reason(" ".join(words[1:]))
            return Command(verb, "", reason, _fault(verb, "", reason))
        case "recheck" | "help":
            return Command(verb)
        case _:
            return Command("unknown")


def _reason(text: str) -> str:
    """The reason on one line, with characters that hide or reorder text made visible."""
    return visible(text, LONGEST_REASON).strip()


def _fault(verb: str, named: str, reason: str) -> str | None:
    every = verb == "approve" and named == "all"
    if verb in _HAS_ID and not every and not _ID.fullmatch(named):
        return "the id is missing: write the one that is shown below the finding"
    if verb in _HAS_REASON and not any(char.isalnum() for char in reason):
        return "the reason is missing: say in a few words why this is acceptable"
    return None
