"""Looks a chart version up in the index of an HTTP chart repository, as Helm does.

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

_MAX_SECTION: Final = 8 * 1024 * 1024
_MAX_DEPTH: Final = 32
_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_ENTRIES: Final = re.compile(rb"^entries:[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE)

IndexNode: TypeAlias = "str | list[IndexNode] | dict[str, IndexNode] | None"


class ChartVersion(msgspec.Struct, frozen=True):
    """One version of a chart in an index; `digest` is its archive's sha256, where it is stated."""

    version: str
    urls: list[str]
    digest: str | None = None


def find(index: bytes, name: str, version: str) -> ChartVersion:
    """The version of a chart in an index. Raises FetchError where the index has none.

    As in Helm, an identical version is preferred to an equivalent one: `1.2.3` finds `v1.2.3`
    only where there is no `1.2.3`.
    """
    releases = list(_releases(index, name))
    if not releases:
        raise FetchError(f"the repository has no chart {name!r}")
    identical = [release for release in releases if release.version == version]
    matching = identical or [
        release for release in releases if _semantic(release.version) == _semantic(version)
    ]
    if not matching:
        raise FetchError(f"the repository has no version {version!r} of the chart {name!r}")
    return matching[0]


def archive_url(repository: str, release: ChartVersion) -> str:
    """The URL of the archive; a relative one starts at the repository.

    Raises FetchError where the index names no URL.
    """
    if not release.urls:
        raise FetchError("the repository's index has no URL for the chart")
    return urljoin(f"{repository.rstrip('/')}/", release.urls[0])


def digest_of(release: ChartVersion) -> str:
    """The sha256 that the archive must have, in hexadecimal; empty where the index has none."""
    match = _DIGEST.fullmatch(release.digest or "")
    return match[1] if match else ""


def _semantic(version: str) -> str:
    """What semantic versioning compares: no leading `v`, no build metadata."""
    return version.removeprefix("v").partition("+")[0]


def _releases(index: bytes, name: str) -> Iterator[ChartVersion]:
    for node in _entry(index, name):
        try:
            yield msgspec.convert(node, ChartVersion)
        except msgspec.ValidationError:
            continue


def _entry(index: bytes, name: str) -> list[Any]:
    """The list of versions that an index has for a chart, not validated."""
    if index.lstrip()[:1] == b"{":
        try:
            return msgspec.json.decode(index, type=_Index).entries.get(name, [])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FetchError("the repository's index cannot be read") from error
    try:
        entries = _read(_section(index, name))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise FetchError("the repository's index cannot be read") from error
    entry = entries.get(name) if isinstance(entries, dict) else None
    return entry if isinstance(entry, list) else []


class _Index(msgspec.Struct):
    entries: dict[str, list[Any]]


def _section(index: bytes, name: str) -> bytes:
    """The lines of one chart in an index, which may have a hundred thousand lines of others.

    Programs write indexes, with a chart's name on a line of its own. The section is that line, the
    lines that are indented deeper, and the items of its list.
    """
    entries = _ENTRIES.search(index)
    if entries is None:
        raise ValueError("no entries")
    first = re.compile(rb"\n+([ ]+)[^ #\n-]").search(index, entries.end() - 1)
    if first is None:
        return b""
    indent = re.escape(first[1])
    escaped = re.escape(name.encode())
    key = rb"(?:%s|\"%s\"|'%s')" % (escaped, escaped, escaped)
    key_line = re.compile(rb"^%s%s:[ \t]*\r?$" % (indent, key), re.MULTILINE)
    start = key_line.search(index, entries.end())
    if start is None:
        return b""
    outside = re.compile(rb"^(?! {%d}[ -]|[ \t]*(?:#[^\n]*)?\r?$)" % len(first[1]), re.MULTILINE)
    end = outside.search(index, start.end() + 1)
    section = index[start.start() : end.start() if end else len(index)]
    if len(section) > _MAX_SECTION:
        raise FetchError(
            f"the index has more than {_MAX_SECTION:,} bytes about the chart", limit=True
        )
    return section


def _read(section: bytes) -> IndexNode:
    """The YAML as strings, lists and mappings. Refuses aliases and deep nesting, ignores tags."""
    stack: list[list[Any]] = []
    documents: list[Any] = []
    for event in yaml.parse(section, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.ScalarEvent):
            (stack[-1] if stack else documents).append(event.value)
        elif isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not supported")
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(stack) >= _MAX_DEPTH:
                raise ValueError("too deep")
            stack.append([])
        elif isinstance(event, yaml.CollectionEndEvent):
            items = stack.pop()
            node = _mapping(items) if isinstance(event, yaml.MappingEndEvent) else items
            (stack[-1] if stack else documents).append(node)
    return documents[0] if documents else None


def _mapping(items: list[Any]) -> dict[str, Any]:
    pairs = zip(items[::2], items[1::2], strict=True)
    return {key: value for key, value in pairs if isinstance(key, str)}
