"""What an explicit tag makes of a scalar."""

from __future__ import annotations

import base64
import binascii
from typing import Final, Literal, TypeAlias

from bot.core.reading.scalars import Odd, Scalar, kind_of, resolve
from bot.errors import ReadingError

Dialect: TypeAlias = Literal["kubectl", "kustomize"]
"""Whose reading: go-yaml v2 as kubectl uses it, or v3 as kustomize does."""

_LONG: Final = "tag:yaml.org,2002:"
_TYPED: Final = frozenset({"bool", "int", "float", "null", "timestamp"})
_PLAIN_MEANING: Final = frozenset({"str", "int", "float", "null"})


def short(tag: str | None) -> str | None:
    """`str` for `!!str`; None for a tag that is not one of YAML's own, or where there is none."""
    return tag[len(_LONG) :] if tag and tag.startswith(_LONG) else None


def is_hazard(tag: str, text: str) -> bool:
    """Whether readers make different things of a scalar with this tag."""
    name = short(tag)
    if name == "bool":
        return text not in {"true", "True", "TRUE", "false", "False", "FALSE"}
    return name not in _PLAIN_MEANING


def tagged(tag: str, text: str, *, quoted: bool, digits: int, dialect: Dialect) -> Scalar | Odd:
    """The value of a scalar with a tag. Raises ReadingError where the text does not fit the tag."""
    name = short(tag)
    if tag == "!" and dialect == "kustomize" and not quoted:
        return resolve(text, digits)
    if name == "binary":
        return _binary(text)
    if name not in _TYPED:
        return text
    value = resolve(text, digits)
    kind = kind_of(text, value)
    if kind == name or (name, kind) == ("float", "int"):
        word = isinstance(value, Odd) and value.flag == "yaml11-bool"
        if not (word and dialect == "kustomize"):
            return value
    raise ReadingError(f"a value does not fit its tag !!{name}")


def _binary(text: str) -> str:
    try:
        data = base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise ReadingError("!!binary value contains invalid base64 data") from None
    return replaced(data.decode("utf-8", "surrogateescape"))


def replaced(text: str) -> str:
    """The text as Go's JSON writes it: U+FFFD for whatever is no character."""
    if text.isascii():
        return text
    return "".join(
        "\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text
    )
