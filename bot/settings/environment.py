"""Reads one variable: from the environment, or from the file that NAME_FILE or NAME_PATH names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bot.errors import UsageError
from bot.records import dataclass

_YES: Final = ("1", "true", "yes", "on")
_NO: Final = ("", "0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class EnvironmentReader:
    """Reads variables, or the files that they name. Every method raises UsageError."""

    environ: Mapping[str, str]

    def text(self, name: str) -> str | None:
        """The variable's text without outer white space, None where it is unset or empty."""
        names = [key for key in (name, f"{name}_FILE", f"{name}_PATH") if self.environ.get(key)]
        if len(names) > 1:
            raise UsageError(f"{' and '.join(names)} are both set: set one of them")
        if not names:
            return None
        if names[0] == name:
            return self.environ[name].strip()
        return _content(names[0], Path(self.environ[names[0]]))

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """The variable as a whole number from `low` to `high`."""
        text = self.text(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit()) or not low <= int(text[:9]) <= high:
            raise UsageError(f"{name} is {text!r}: it must be a number from {low} to {high}")
        return int(text)

    def choice(self, name: str, legal: tuple[str, ...], default: str) -> str:
        """The variable in lower case, which must be one of the legal values."""
        text = (self.text(name) or default).lower()
        if text not in legal:
            raise UsageError(f"{name} is {text!r}: it must be one of {', '.join(legal)}")
        return text

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Whether the variable says yes."""
        text = (self.text(name) or ("true" if default else "")).lower()
        if text not in _YES + _NO:
            legal = ", ".join(value for value in _YES + _NO if value)
            raise UsageError(f"{name} is {text!r}: it must be one of {legal}")
        return text in _YES


def _content(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        # The path may be shown; the content may be a secret.
        raise UsageError(f"{name} names {str(path)!r}, which cannot be read as text") from error
