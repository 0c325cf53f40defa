"""Template decisions: fields that a template derives from the cluster or from chance.

A heuristic over the text of a template. It knows which keys and which kinds of objects stand in a
block that such a question opens, or around one on its line. What another template includes is not
followed, but a named template that asks counts as a question about kinds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Final

from bot.core.states.rendered.template_kinds import KindsOfTemplate
from bot.core.states.rendered.template_questions import ACTION, ASKS, LITERAL, asking_templates
from bot.core.states.roots.files import CHART_NAME, Files, differing
from bot.core.template_decision import TemplateDecision
from bot.core.tree import Blobs, File
from bot.patterns import pattern
from bot.records import dataclass

_LARGEST: Final = 256 * 1024
_SUFFIXES: Final = (".yaml", ".yml", ".tpl", ".json", ".txt")
_FOLDER: Final = "templates"
_MOST_ABOVE: Final = 20

_INCLUDE: Final = pattern(r"\b(?:include|template)\s+\"(?P<name>[^\"\n]+)\"")
_SET: Final = pattern(r"(\$\w+)\s*:?=(?!=)")
_VARIABLE: Final = pattern(r"\$\w+")
_KEY: Final = pattern(
    r"(?:^[ \t]*(?:- +)*|[{,\[][ \t]*)[\"']?(?P<key>[A-Za-z]+)[\"']?[ \t]*:", re.MULTILINE
)

# What decides what an object may do, run or expose.
_DECIDING: Final = frozenset(
    {"image", "command", "args", "rules", "verbs", "apiGroups", "subjects", "roleRef"}
    | {"serviceAccountName", "automountServiceAccountToken", "securityContext", "privileged"}
    | {"capabilities", "hostNetwork", "hostPID", "hostIPC", "hostPath", "podSelector"}
    | {"namespaceSelector", "ingress", "egress", "policyTypes", "externalIPs", "webhooks"}
    | {"loadBalancerSourceRanges", "nodeName"}
)


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of a template: what opens it, and the deciding keys that stand in it."""

    line: int
    asks: str
    text: str
    start: int
    keys: dict[str, None] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()


def template_decisions(
    base: Files, head: Files, blobs: Blobs
) -> tuple[tuple[TemplateDecision, ...], ...]:
    """Those of the templates that differ, at base and at head."""
    paths = {*differing(base.all, head.all)}
    if base.charts != head.charts:
        # A chart that comes or goes makes templates of files that are the same.
        paths.update(base.all, head.all)
    sides = (_templates(base, paths), _templates(head, paths))
    changed = {path for path in paths if sides[0].get(path) != sides[1].get(path)}
    # A named template may decide in any other template of its chart.
    charts = {f"/{path}".partition(f"/{_FOLDER}/")[0].removeprefix("/") for path in changed}
    prefixes = tuple(f"{chart}/" if chart else "" for chart in charts)
    return tuple(_decisions(files, prefixes, blobs) for files in (base, head))


def _decisions(
    files: Files, prefixes: tuple[str, ...], blobs: Blobs
) -> tuple[TemplateDecision, ...]:
    """The decisions of every template of these charts."""
    paths = sorted(path for path in files.all if path.startswith(prefixes))
    texts = {path: _text(file, blobs) for path, file in _templates(files, paths).items()}
    asking = frozenset(name for text in texts.values() for name in asking_templates(text))
    return tuple(
        decision for path, text in texts.items() for decision in decisions_in(path, text, asking)
    )


def decisions_in(
    path: str, text: str, asking: frozenset[str] = frozenset()
) -> Iterator[TemplateDecision]:
    """The decisions of a template, each at the line that opens it.

    `asking` are the named templates that ask; what they decide are kinds alone, as most of them
    choose API versions and labels.
    """
    scan = _Scan(text, asking)
    for block in scan.blocks():
        if block.asks and (block.keys or block.kinds):
            keys = tuple(block.keys)
            yield TemplateDecision(path, block.line, block.asks, keys, block.text, block.kinds)


class _Scan:
    """One pass over the actions of a template and the keys between them."""

    def __init__(self, text: str, asking: frozenset[str]) -> None:
        self._text = text
        self._asking = asking
        self._kinds = KindsOfTemplate(text)
        self._open: list[_Block] = []
        self._tainted: dict[str, str] = {}

    def blocks(self) -> Iterator[_Block]:
        """Every block that is closed, and every action that is one by itself."""
        place, line = 0, 1
        for action in ACTION.finditer(self._text):
            self._take_keys(self._text[place : action.start()])
            line += self._text.count("\n", place, action.start())
            yield from self._action(action, line)
            line += self._text.count("\n", action.start(), action.end())
            place = action.end()
        self._take_keys(self._text[place:])
        yield from (self._closed(block, len(self._text)) for block in self._open)

    def _closed(self, block: _Block, end: int) -> _Block:
        """The block with the kinds of objects about which it decides."""
        if not block.asks:
            return block
        key = self._key_beside(block.start)
        return replace(block, kinds=tuple(self._kinds.decided(block.start, end, key)))

    def _action(self, action: re.Match[str], line: int) -> Iterator[_Block]:
        text = LITERAL.sub('""', action["text"]).strip()
        asks = self._question_in(text) or self._included_question(action["text"])
        word, *rest = text.split(None, 1)[:2] or [""]
        if word == "end" and self._open:
            yield self._closed(self._open.pop(), action.end())
            return
        if asks:
            self._tainted.update((name, asks) for name in _SET.findall(text))
        block = _Block(line, asks, " ".join(action["text"].split()), action.start())
        if word == "else":
            if asks and rest and self._open and not self._open[-1].asks:
                self._open[-1] = replace(self._open[-1], asks=asks, text=block.text)
            return
        if asks and " " not in asks:
            block.keys.update(dict.fromkeys(self._beside(action.start())))
        if word in {"if", "with", "range", "define", "block"}:
            self._open.append(block)
        elif not _SET.match(text):
            yield self._closed(block, action.end())

    def _question_in(self, text: str) -> str:
        """What an action asks, by itself or by a variable that holds an answer."""
        match = ASKS.search(text)
        if match is not None:
            return match[0].lstrip(".")
        return next(
            (self._tainted[name] for name in _VARIABLE.findall(text) if name in self._tainted), ""
        )

    def _included_question(self, text: str) -> str:
        """The named template that asks for an action, as in `include "name"`."""
        names = (match["name"] for match in _INCLUDE.finditer(text))
        return next((f"include {name}" for name in names if name in self._asking), "")

    def _take_keys(self, text: str) -> None:
        """The deciding keys of a piece of text belong to the nearest block that asks anything."""
        block = next(
            (each for each in reversed(self._open) if each.asks and " " not in each.asks), None
        )
        if block is not None:
            keys = (match["key"] for match in _KEY.finditer(text))
            block.keys.update(dict.fromkeys(key for key in keys if key in _DECIDING))

    def _beside(self, start: int) -> Iterator[str]:
        """The deciding key whose value an action is, or an item of."""
        key = self._key_beside(start)
        if key in _DECIDING:
            yield key

    def _key_beside(self, start: int) -> str:
        """The key whose value an action is, or an item of; the last one of a flow mapping."""
        begin = self._text.rfind("\n", 0, start) + 1
        line = self._text[begin:start]
        above = reversed(self._text[:begin].splitlines()[-_MOST_ABOVE:])
        match = next(reversed([*_KEY.finditer(line)]), None) or next(_keys_above(line, above), None)
        return "" if match is None else match["key"]


def _keys_above(line: str, above: Iterable[str]) -> Iterator[re.Match[str]]:
    """The keys above a line that it stands under; an item may stand as far left as its list."""
    item = line.lstrip().startswith("-")
    most = _indent(line) + item
    for text in above:
        match = _KEY.match(text)
        sibling = item and text.lstrip().startswith("-") and _indent(text) == _indent(line)
        if match is not None and not sibling and _indent(text) < most:
            yield match


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _templates(files: Files, paths: Iterable[str]) -> Mapping[str, File]:
    """The templates of every chart at these paths, those within other charts among them."""
    return {
        path: file
        for path in paths
        if (file := files.all.get(path)) is not None
        if path.endswith(_SUFFIXES) and file.size <= _LARGEST and _is_template(path, files)
    }


def _is_template(path: str, files: Files) -> bool:
    parts = path.split("/")[:-1]
    places = (parts[:depth] for depth, part in enumerate(parts) if part == _FOLDER)
    return any("/".join((*place, CHART_NAME)) in files.all for place in places)


def _text(file: File, blobs: Blobs) -> str:
    try:
        return blobs.data(file.blob).decode("utf-8", "replace")
    except KeyError:
        return ""
