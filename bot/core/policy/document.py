"""A policy's YAML as plain values, and the line on which each of them stands.

The reading is YAML 1.2: a date, `off` and `no` are texts. A policy may come from any repository,
so size, depth and number of values are limited before any value is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, NodeEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.errors import PolicyError
from bot.records import dataclass

LONGEST: Final = 250_000
"""The most characters of a policy."""

MOST_VALUES: Final = 20_000
"""The most values of a policy, aliases resolved."""

DEEPEST: Final = 20

KeyPath: TypeAlias = tuple[str | int, ...]

_PREFIX: Final = "tag:yaml.org,2002:"
_SCALARS: Final = frozenset(f"{_PREFIX}{kind}" for kind in ("null", "bool", "int", "float"))
# A date is read by whoever wants one: a reason may well look like it.
_TEXTS: Final = frozenset({"!", *(f"{_PREFIX}{kind}" for kind in ("str", "timestamp"))})
_HOLDERS: Final = frozenset({"!", *(f"{_PREFIX}{kind}" for kind in ("map", "seq"))})
_MERGE: Final = f"{_PREFIX}merge"


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A YAML document as plain values, and the line (1-based) of each place in it."""

    value: Any
    lines: Mapping[KeyPath, int]

    def line(self, path: KeyPath) -> int:
        """The line of a key path, or of the nearest parent that exists."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse_document(text: str) -> PolicyDocument:
    """The document. Raises PolicyError for text that is not YAML or exceeds a policy's limits."""
    text = text.removeprefix("\ufeff")
    if len(text) > LONGEST:
        raise PolicyError(
            f"the policy has {len(text):,} characters; at most {LONGEST:,} are allowed"
        )
    try:
        _count(text)
        node = _yaml().compose(text)
    except MarkedYAMLError as error:
        raise _refused(text, error) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise PolicyError(f"the policy is not YAML: {str(error).partition(chr(10))[0]}") from error
    values = _Values()
    return PolicyDocument(None if node is None else values.plain(node), values.lines)


def _yaml() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.composer.warn_double_anchors = False
    return yaml


def _count(text: str) -> None:
    """Raise PolicyError for a text beyond the limits, from parser events alone."""
    depth = count = documents = 0
    for event in _yaml().parse(text):
        count += isinstance(event, NodeEvent)
        name = type(event).__name__
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        documents += name == "DocumentStartEvent"
        # The stream and its document are levels as well.
        if count > MOST_VALUES or depth > DEEPEST + 2:
            raise _too_much()
        if documents > 1:
            raise _fault(
                _line(event), "a second document begins here, but a policy is a single document"
            )
        if isinstance(event, AliasEvent) and depth < 2:
            raise _fault(_line(event), "the document is only an alias")


def _refused(text: str, error: MarkedYAMLError) -> PolicyError:
    position = error.problem_mark or error.context_mark
    if position is not None and text[position.index : position.index + 1] == "\t":
        return _fault(position.line + 1, "YAML does not allow a tab here: use spaces")
    problem = (error.problem or error.context or "not YAML").partition("\n")[0]
    return _fault(position.line + 1 if position else 1, problem)


def _fault(line: int, message: str) -> PolicyError:
    return PolicyError(f"line {line}: {message}", line)


def _line(positioned: Any) -> int:
    return int(positioned.start_mark.line) + 1


@dataclass(frozen=True, slots=True)
class _Values:
    """Builds values of nodes. `lines` are lines by key path; `entries` caches mappings."""

    lines: dict[KeyPath, int] = field(default_factory=dict)
    entries: dict[int, Mapping[str, tuple[int, Node]] | None] = field(default_factory=dict)
    constructor: SafeConstructor = field(
        default_factory=lambda: SafeConstructor(loader=YAML(typ="safe", pure=True))
    )

    def plain(self, node: Node, path: KeyPath = ()) -> Any:
        """The value of a node at this key path."""
        if len(self.lines) > MOST_VALUES or len(path) > DEEPEST:
            raise _too_much()
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if str(node.tag) not in _HOLDERS:
            raise _tagged(node)
        if isinstance(node, MappingNode):
            entries = self._entries(node).items()
            return {key: self._inner(child, (*path, key), line) for key, (line, child) in entries}
        items = enumerate(node.value)
        return [self._inner(child, (*path, index), _line(child)) for index, child in items]

    def _inner(self, node: Node, path: KeyPath, line: int) -> Any:
        self.lines[path] = line
        return self.plain(node, path)

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        tag = str(node.tag)
        if tag in _TEXTS:
            return str(node.value)
        if tag not in _SCALARS:
            raise _tagged(node)
        try:
            value = self.constructor.construct_object(node)
        except (ValueError, YAMLError) as error:
            kind = tag.removeprefix(_PREFIX)
            raise _fault(_line(node), f"{node.value[:40]!r} is not a valid {kind}") from error
        # YAML 1.1 reads `off` as false, and so some write false for it.
        setting = path[2:] if path[:1] == ("branches",) else path
        rule = setting[:1] == ("rules",) and (len(setting) == 2 or setting[2:] == ("severity",))
        return "off" if rule and value is False else value

    def _entries(self, node: MappingNode) -> Mapping[str, tuple[int, Node]]:
        """The entries of a mapping by key, merged ones (`<<`) included."""
        identity = id(node)
        if identity not in self.entries:
            # While it is made, it can be no part of itself.
            self.entries[identity] = None
            self.entries[identity] = self._merged_entries(node)
        entries = self.entries[identity]
        if entries is None:
            raise _fault(_line(node), "a mapping is merged into itself")
        return entries

    def _merged_entries(self, node: MappingNode) -> Mapping[str, tuple[int, Node]]:
        entries: dict[str, tuple[int, Node]] = {}
        merged: dict[str, tuple[int, Node]] = {}
        done: set[int] = set()
        for key, value in node.value:
            line = _line(key)
            if not isinstance(key, ScalarNode):
                raise _fault(line, "a key must be text")
            if key.tag == _MERGE:
                for mapping in _merged(value):
                    # The first to bring a key stays: again the same brings nothing.
                    if id(mapping) not in done:
                        done.add(id(mapping))
                        merged = {**self._entries(mapping), **merged}
            elif key.value in entries:
                first = entries[key.value][0]
                raise _fault(line, f"duplicate key {key.value!r}, first in line {first}")
            else:
                entries[key.value] = (line, value)
        return {**merged, **entries}


def _merged(value: Node) -> Iterator[MappingNode]:
    for node in value.value if isinstance(value, SequenceNode) else (value,):
        if not isinstance(node, MappingNode):
            raise _fault(_line(node), "only mappings can be merged by '<<'")
        yield node


def _tagged(node: Node) -> PolicyError:
    return _fault(_line(node), f"the tag {str(node.tag)!r} has no meaning in a policy")


def _too_much() -> PolicyError:
    return PolicyError(f"the policy has more than {MOST_VALUES:,} values or {DEEPEST} levels")
