"""The addresses that texts link to, and locations as text and as links."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bot.core.engine.review import Location, Review
from bot.core.publish import markdown
from bot.patterns import pattern
from bot.records import dataclass

_UNRESERVED: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"
)
_COMMIT: Final = pattern(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pages:
    """Addresses that texts link to.

    `rules` is the address below which each rule has its page, `repository` the repository's page
    on GitHub, `review` the page of this review. `base` and `head` are the commits under review.
    """

    rules: str | None = None
    repository: str | None = None
    review: str | None = None
    base: str = ""
    head: str = ""

    def of(self, review: Review) -> Pages:
        """The same addresses with the commits of this review."""
        return replace(self, base=review.base, head=review.head)

    def file(self, location: Location) -> str | None:
        """The permalink of a line on GitHub, None where it is not known."""
        commit = self.base if location.side == "LEFT" else self.head
        if self.repository is None or not is_commit(commit):
            return None
        path = _quoted(location.path)
        line = f"#L{location.line}" if location.line else ""
        return f"{self.repository.rstrip('/')}/blob/{commit}/{path}{line}"

    def link(self, location: Location) -> str:
        """A location as Markdown, linked where its permalink is known."""
        text, url = markdown.code(place(location)), self.file(location)
        return f"[{text}]({url})" if url else text

    def rule(self, rule: str) -> str | None:
        """The address of a rule's page, None where no address is configured."""
        return f"{self.rules.rstrip('/')}/{rule}" if self.rules else None


NO_PAGES: Final = Pages()


def _quoted(path: str) -> str:
    """The path percent-encoded, but for its slashes (RFC 3986, 2.3)."""
    return "".join(
        chr(byte) if chr(byte) in _UNRESERVED else f"%{byte:02X}"
        for byte in path.encode("utf-8", "replace")
    )


def is_commit(name: str) -> bool:
    """Whether this is the full id of a commit, and not a directory."""
    return bool(_COMMIT.fullmatch(name))


def place(location: Location | None) -> str:
    """A location as `path:line`."""
    if location is None:
        return ""
    return location.path if location.line is None else f"{location.path}:{location.line}"
