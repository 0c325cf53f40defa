"""A chart of an HTTP repository: found in its index, as Helm finds it, and checked.

https://helm.sh/docs/topics/chart_repository/#the-index-file
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias
from urllib.parse import urljoin

import msgspec
import yaml

from bot.errors import FetchError

_MOST_OF_ONE: Final = 8 * 1024 * 1024
_DEEPEST: Final = 32
_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_ENTRIES: Final = re.compile(rb"^entries:[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE)

IndexNode: TypeAlias = "str | list[IndexNode] | dict[str, IndexNode] | None"


class ChartVersion(msgspec.Struct, frozen=True):
    """One version of a chart as an index has it; `digest` is of its archive, empty for none."""

    version: str
    urls: list[str]
    digest: str | None = None


def find(index: bytes, name: str, version: str) -> ChartVersion:
    """The version of a chart that an index holds. Raises FetchError where it holds none.

    As in Helm, the version that is written the same way is taken before one that means the same:
    `1.2.3` finds `v1.2.3` where there is no `1.2.3`.
    """
    rows = list(_rows(index, name))
    if not rows:
        raise FetchError(f"the repository has no chart {name!r}")
    same = [row for row in rows if row.version == version]
    found = same or [row for row in rows if _meant(row.version) == _meant(version)]
    if not found:
        raise FetchError(f"the repository has no version {version!r} of the chart {name!r}")
    return found[0]


def archive_url(repository: str, row: ChartVersion) -> str:
    """Where the archive is: as it is said, or beside the index. Raises FetchError for nowhere."""
    if not row.urls:
        raise FetchError("the index does not say where the chart is")
    return urljoin(f"{repository.rstrip('/')}/", row.urls[0])


def digest_of(row: ChartVersion) -> str:
    """What the archive's sha256 must be, in hexadecimal; empty where the index does not say."""
    match = _DIGEST.fullmatch(row.digest or "")
    return match[1] if match else ""


def _meant(version: str) -> str:
    """What semantic versioning compares: without a leading `v`, without build metadata."""
    return version.removeprefix("v").partition("+")[0]


def _rows(index: bytes, name: str) -> Iterator[ChartVersion]:
    for node in _entry(index, name):
        try:
            yield msgspec.convert(node, ChartVersion)
        except msgspec.ValidationError:
            continue


def _entry(index: bytes, name: str) -> list[Any]:
    """The list that an index has for a chart, not yet looked at."""
    if index.lstrip()[:1] == b"{":
        try:
            return msgspec.json.decode(index, type=_Index).entries.get(name, [])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FetchError("the repository's index cannot be read") from error
    try:
        found = _read(_section(index, name))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise FetchError("the repository's index cannot be read") from error
    held = found.get(name) if isinstance(found, dict) else None
    return held if isinstance(held, list) else []


class _Index(msgspec.Struct):
    entries: dict[str, list[Any]]


def _section(index: bytes, name: str) -> bytes:
    """The lines of one chart out of an index, which may have a hundred thousand of others.

    An index is written by a program, a chart's name on a line of its own. What is indented deeper
    than that line belongs to it, and so do the lines of its list.
    """
    begin = _ENTRIES.search(index)
    if begin is None:
        raise ValueError("no entries")
    first = re.compile(rb"\n+([ ]+)[^ #\n-]").search(index, begin.end() - 1)
    if first is None:
        return b""
    indent = re.escape(first[1])
    quoted = re.escape(name.encode())
    written = rb"(?:%s|\"%s\"|'%s')" % (quoted, quoted, quoted)
    head = re.compile(rb"^%s%s:[ \t]*\r?$" % (indent, written), re.MULTILINE)
    start = head.search(index, begin.end())
    if start is None:
        return b""
    rest = re.compile(rb"^(?! {%d}[ -]|[ \t]*(?:#[^\n]*)?\r?$)" % len(first[1]), re.MULTILINE)
    end = rest.search(index, start.end() + 1)
    section = index[start.start() : end.start() if end else len(index)]
    if len(section) > _MOST_OF_ONE:
        raise FetchError("the index says too much of the chart", limit=True)
    return section


def _read(section: bytes) -> IndexNode:
    """YAML as text, lists and mappings, by events: no tag, no alias, no depth has a say."""
    stack: list[list[Any]] = []
    top: list[Any] = []
    for event in yaml.parse(section, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.ScalarEvent):
            (stack[-1] if stack else top).append(event.value)
        elif isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("an alias")
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(stack) >= _DEEPEST:
                raise ValueError("too deep")
            stack.append([])
        elif isinstance(event, yaml.CollectionEndEvent):
            held = stack.pop()
            node = _mapping(held) if isinstance(event, yaml.MappingEndEvent) else held
            (stack[-1] if stack else top).append(node)
    return top[0] if top else None


def _mapping(held: list[Any]) -> dict[str, Any]:
    pairs = zip(held[::2], held[1::2], strict=True)
    return {key: value for key, value in pairs if isinstance(key, str)}
