"""Flux's substitution of `${name}` in a text, form by form.

It follows fluxcd/pkg/envsubst, which differs from a shell: `:-`, `:=`, `:?` and `:+` all return the
default where the variable is empty, `${name-default}` is an error, and `*` in a glob crosses
slashes. https://github.com/fluxcd/pkg/tree/main/envsubst
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from bot.errors import UnbuildableError
from bot.kubernetes.gitops.variables.envsubst_forms import LARGEST, apply
from bot.records import dataclass

Lookup: TypeAlias = Callable[[str], str]
"""The value of a variable, empty for one that is not set."""

_DEEPEST: Final = 32
_DEFAULTS: Final = "=-?+"


def substituted(text: str, lookup: Lookup) -> str:
    """Return the text with every variable replaced.

    Raises UnbuildableError where Flux fails, or where the result would be larger than any manifest.
    """
    if "$" not in text:
        return text
    return _Reader(text, lookup).everything()


@dataclass(slots=True)
class _Reader:
    """One pass over a text that replaces variables as it reads."""

    text: str
    lookup: Lookup
    at: int = 0
    depth: int = 0
    size: int = 0

    def everything(self) -> str:
        """Return the whole text; `$$` becomes one dollar sign."""
        parts: list[str] = []
        while self.at < len(self.text):
            dollar = self.text.find("$", self.at)
            if dollar < 0:
                break
            parts.append(self.text[self.at : dollar])
            following = self.text[dollar + 1 : dollar + 2]
            self.at = dollar + 2
            if following == "{":
                parts.append(self._counted(self._expression()))
            elif following == "$":
                parts.append("$")
            else:
                self.at = dollar + 1
                parts.append("$")
        return "".join((*parts, self.text[self.at :]))

    def _expression(self) -> str:
        """Read what stands after `${` through its closing brace."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UnbuildableError("its variables lie within one another too deeply")
        if self._peek() == "#":
            self.at += 1
            name, form, arguments = self._name(), "length", self._closed([])
        else:
            name = self._name()
            form, arguments = self._form()
        self.depth -= 1
        return apply(form, self.lookup(name), arguments, name)

    def _counted(self, text: str) -> str:
        self.size += len(text)
        if self.size > LARGEST:
            raise UnbuildableError("its variables make it larger than what is read")
        return text

    def _form(self) -> tuple[str, list[str]]:
        """Read the operator after a name and its arguments."""
        char = self._peek()
        if char == ":":
            return self._colon()
        if char == "=":
            self.at += 1
            return self._default("=")
        if char == "/":
            return self._replacement()
        if char and char in ",^":
            return self._operator(",^"), self._closed([])
        if char and char in "#%":
            return self._operator(char), self._closed([self._argument("}")])
        return "", self._closed([])

    def _colon(self) -> tuple[str, list[str]]:
        """Read a default, or else a slice of the value."""
        following = self.text[self.at + 1 : self.at + 2]
        if following and following in _DEFAULTS:
            self.at += 2
            return self._default(f":{following}")
        if not following.isascii():  # Flux loses its place there
            raise _refused()
        return self._slice()

    def _default(self, form: str) -> tuple[str, list[str]]:
        arguments: list[str] = []
        while self._peek() != "}":
            arguments.append(self._argument("}"))
        return form, self._closed(arguments)

    def _slice(self) -> tuple[str, list[str]]:
        self.at += 1
        arguments = [self._argument(":}")]
        if self._peek() == "}":
            return ":", self._closed(arguments)
        if self._peek() != ":":
            raise _refused()
        while self._peek() == ":":
            self.at += 1
        arguments.append(self._argument("}"))
        return ":", self._closed(arguments)

    def _replacement(self) -> tuple[str, list[str]]:
        self.at += 1
        form = "/"
        if self._peek() and self._peek() in "/#%":
            form += self._peek()
            self.at += 1
        pattern = "" if self._peek() == "/" else self._argument("/", escapes=True)
        if self._peek() != "/":
            raise _refused()
        while self._peek() == "/":
            self.at += 1
        if self._peek() == "}":
            return form, self._closed([pattern])
        return form, self._closed([pattern, self._argument("}", escapes=True)])

    def _argument(self, stops: str, *, escapes: bool = False) -> str:
        """Read text up to one of these characters, with nested expressions replaced."""
        if self.text.startswith("${", self.at):
            self.at += 2
            return self._expression()
        start, parts = self.at, []
        while self.at < len(self.text):
            char = self.text[self.at]
            pair = self.text[self.at : self.at + 2]
            if pair == "${" or (char in stops and not (escapes and pair in ("\\/", "\\\\"))):
                break
            if escapes and pair in ("$$", "\\/", "\\\\"):
                self.at += 1
                char = self.text[self.at]
            parts.append(char)
            self.at += 1
        if self.at == start:
            raise _refused()
        return "".join(parts)

    def _operator(self, chars: str) -> str:
        """Read one or two of these characters."""
        start = self.at
        while self.at - start < 2 and self._peek() and self._peek() in chars:
            self.at += 1
        return self.text[start : self.at]

    def _name(self) -> str:
        start = self.at
        while self._peek().isalpha() or self._peek().isdecimal() or self._peek() == "_":
            self.at += 1
        if self.at == start:
            raise _refused()
        return self.text[start : self.at]

    def _closed(self, arguments: list[str]) -> list[str]:
        self._close()
        return arguments

    def _close(self) -> None:
        if self._peek() != "}":
            raise _refused()
        self.at += 1

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]


def _refused() -> UnbuildableError:
    return UnbuildableError("it has a ${...} that Flux cannot substitute")
