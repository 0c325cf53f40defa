"""The value of one document out of libyaml's events, as go-yaml v2 or v3 builds it.

go-yaml is a port of libyaml, so PyYAML's C parser gives the events that it works from. Only the
events are taken: the C composer refuses anchors that are defined twice, and recurses.
"""

from __future__ import annotations

from typing import Any, Final

from yaml import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from bot.core.reading.anchors import Anchors, OpenAnchor, YamlAnchor
from bot.core.reading.events import EventSource, raw_event_source, refusal
from bot.core.reading.folded import refolded
from bot.core.reading.keys import key_text
from bot.core.reading.limits import FileLimits
from bot.core.reading.merges import WANT_MAPPING, Merges
from bot.core.reading.notes import HazardNote, Notes, Sort
from bot.core.reading.scalars import Odd, Scalar, ScalarTable
from bot.core.reading.tags import Dialect, is_hazard, short, tagged
from bot.errors import ReadingError
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A parsed document. `differs`: whether another dialect may read it differently.

    `refused` is why there is no value. `nodes` counts the values that were built.
    """

    value: Any = None
    notes: tuple[HazardNote, ...] = ()
    differs: bool = False
    refused: ReadingError | None = None
    nodes: int = 0


class _Key:
    """A marker for a key, distinct from every string."""


_NONE: Final = _Key()
_MERGE: Final = _Key()
_NO_DOCUMENT: Final = "did not find expected <document start>"
_QUESTION_MARK: Final = "an unquoted value between brackets contains a question mark"


def build(
    data: bytes, dialect: Dialect, table: ScalarTable, limits: FileLimits, *, used: int = 0
) -> ParsedDocument:
    """The first document of `data`; the cluster ignores whatever follows it.

    `used` counts the values of the earlier documents of the file.
    """
    builder = _Builder(dialect, table, limits, used)
    try:
        value = builder.document(data)
    except (ReadingError, YAMLError) as error:
        refused = refusal(data, error)
        return ParsedDocument(None, tuple(builder.notes.items), True, refused, builder.nodes)
    return ParsedDocument(
        value, tuple(builder.notes.items), builder.notes.differs, None, builder.nodes
    )


class _Builder:
    """Builds one document. The loop handles common cases, the methods the rare ones."""

    __slots__ = (
        "anchors",
        "dialect",
        "flow",
        "limits",
        "merges",
        "nodes",
        "notes",
        "room",
        "table",
    )

    def __init__(self, dialect: Dialect, table: ScalarTable, limits: FileLimits, used: int) -> None:
        self.dialect = dialect
        self.table = table
        self.limits = limits
        self.room = limits.nodes - used
        self.notes = Notes()
        self.anchors = Anchors(limits)
        self.merges = Merges(self.anchors, self.notes)
        self.nodes = 0
        self.flow = 0

    def document(self, data: bytes) -> Any:
        """The value of the first document; None for an empty stream."""
        source = raw_event_source(data)
        source()  # the stream's start
        event = source()
        kind: type = type(event)
        if kind is not DocumentStartEvent:
            return None
        if event.version and tuple(event.version) != (1, 1):
            raise ReadingError("found incompatible YAML document", event.start_mark.index)
        value = self._node(source)
        self._after(data, source)
        return value

    def _after(self, data: bytes, source: EventSource) -> None:
        """Note content after the document in the same chunk; go-yaml v3 looks one event further."""
        index = source().end_mark.index  # the document's end
        try:
            following = source()
            if self.dialect == "kustomize" and not isinstance(following, StreamEndEvent):
                source()
        except (ReadingError, YAMLError) as error:
            refused = refusal(data, error)
            if self.dialect == "kustomize" and str(refused) != _NO_DOCUMENT:
                raise refused from None
            self.notes.add("content-after-document-end", refused.index or index)
            return
        if not isinstance(following, StreamEndEvent):
            self.notes.add("content-after-document-end", following.start_mark.index)

    def _node(self, source: EventSource) -> Any:  # noqa: C901, PLR0912, PLR0915 - flat for speed
        """The value of the next events, without recursion: nesting cannot exhaust the stack."""
        table, most = self.table, self.room
        top: list[Any] = []
        target: Any = top
        key: Any = _NONE
        stack: list[Any] = []
        nodes = flow = 0
        while True:
            event = source()
            kind = event.__class__
            if kind is ScalarEvent:
                if (nodes := nodes + 1) > most:
                    raise self._too_many(event)
                value = event.value
                if event.tag is not None or event.anchor is not None or flow:
                    value = self._uncommon(event, key)
                elif event.implicit[0]:
                    value = table[value]
                elif event.style == ">":
                    value = self._folded(value)
                if key is _NONE and target.__class__ is dict:
                    if value.__class__ is str and value != "<<" and value not in target:
                        key = value
                    else:
                        key = self._key(event, value, target, len(stack))
                    continue
                if value.__class__ is Odd:
                    value = self._odd(event, value, key)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if (nodes := nodes + 1) > most:
                    raise self._too_many(event)
                stack.append((target, key, self._open(event, len(stack), target, key, nodes)))
                if not flow and event.flow_style:
                    self.flow = flow = len(stack)
                target = {} if kind is MappingStartEvent else []
                key = _NONE
                continue
            elif kind is AliasEvent:
                anchor = self._alias(event, key, nodes, len(stack))
                nodes += 1
                if key is _NONE and target.__class__ is dict:
                    key = self._alias_key(event, anchor, target, len(stack))
                    continue
                value = anchor.value
            else:  # the end of a mapping or sequence
                value = target
                target, key, anchor = stack.pop()
                flow = self._close(event, value, anchor, nodes, len(stack))
            if target.__class__ is list:
                target.append(value)
                if target is top:
                    return self._whole(event, value, nodes)
            elif key is _MERGE:
                self._merge(len(stack), target, value)
            else:
                target[key] = value
            key = _NONE

    def _too_many(self, event: Any) -> ReadingError:
        index = event.start_mark.index
        return ReadingError(f"more than {self.limits.nodes} values", index, limit=True)

    def _whole(self, event: Any, value: Any, nodes: int) -> Any:
        """The value of the document; kustomize refuses a scalar document."""
        self.nodes = nodes + self.anchors.added
        if not isinstance(value, dict | list) and value is not None:
            self.notes.differs = True
            if self.dialect == "kustomize":
                raise ReadingError("a document is a scalar", event.start_mark.index)
        return value

    def _open(self, event: Any, depth: int, target: Any, key: Any, nodes: int) -> OpenAnchor | None:
        """Start a mapping or sequence. Returns its anchor, if it has one."""
        index = event.start_mark.index
        if depth >= self.limits.depth:
            raise ReadingError(f"nested deeper than {self.limits.depth}", index, limit=True)
        if key is _NONE and target.__class__ is dict:
            raise ReadingError("a mapping key is a mapping or a list", index)
        if event.tag is not None and event.tag != "!":
            expected = "map" if isinstance(event, MappingStartEvent) else "seq"
            if short(event.tag) != expected:
                self.notes.add("tag", index, key)
        anchor = self.anchors.open(event.anchor, nodes, index, depth) if event.anchor else None
        self.anchors.reach(depth + 1)
        return anchor

    def _close(
        self, event: Any, value: Any, anchor: OpenAnchor | None, nodes: int, depth: int
    ) -> int:
        """End a mapping or sequence. Returns the depth of the flow collection around it, or 0."""
        if self.merges:
            self.merges.end(depth + 1, value)
        if depth < self.flow:
            self.flow = 0
        if anchor is not None:
            self.anchors.close(anchor, value, nodes, event.end_mark.index)
        return self.flow

    def _uncommon(self, event: Any, key: Any) -> Scalar | Odd:
        """A scalar with a tag or an anchor, or inside a flow collection."""
        text: str = event.value
        if event.tag is not None or event.anchor is not None:
            return self._marked(event, key)
        if event.implicit[0]:
            if "?" in text:
                raise ReadingError(_QUESTION_MARK, event.start_mark.index)
            return self.table[text]
        return self._folded(text) if event.style == ">" else text

    def _folded(self, text: str) -> str:
        """A folded scalar, as the dialect reads it: kustomize may fold it again."""
        again = refolded(text)
        if again == text:
            return text
        self.notes.differs = True
        return text if self.dialect == "kubectl" else again

    def _merge(self, depth: int, target: dict[str, Any], value: Any) -> None:
        if self.dialect == "kubectl":
            self.merges.apply(depth, target, value)
        else:
            self.merges.defer(depth, value)

    def _odd(self, event: Any, odd: Odd, key: Any) -> Scalar:
        """The value of an ambiguous scalar that is not a key."""
        index = event.start_mark.index
        if odd.flag == "not-finite":
            raise ReadingError("a number that JSON cannot express", index)
        if odd.flag == "digits":
            raise ReadingError(
                f"a number of more than {self.limits.digits} digits", index, limit=True
            )
        if odd.flag == "empty":
            return self._empty()
        if odd.flag == "timestamp":
            self.notes.differs = True
        else:
            self.notes.add("octal" if odd.flag == "octal" else "yaml11-bool", index, key)
        return self._choose(odd)

    def _empty(self) -> Scalar:
        """An empty scalar: null, except that kustomize's emitter writes `''` in flow style."""
        if not self.flow:
            return None
        self.notes.differs = True
        return None if self.dialect == "kubectl" else ""

    def _choose(self, odd: Odd) -> Scalar:
        return odd.kubectl if self.dialect == "kubectl" else odd.kustomize

    def _marked(self, event: Any, key: Any) -> Scalar | Odd:
        """A scalar with a tag or an anchor."""
        text, tag = event.value, event.tag
        value: Scalar | Odd = self.table[text] if tag is None and event.implicit[0] else text
        if tag is not None:
            self.notes.differs = True
            value = self._tagged(event)
            if is_hazard(tag, text):
                self.notes.add("tag", event.start_mark.index, key)
        if event.anchor is not None:
            resolved = value
            if isinstance(value, Odd):
                resolved = self._odd(event, value, key)
            as_key = self._key_or_none(text, value)
            if self.dialect == "kustomize" and as_key is not None:
                as_key = text
            self.anchors.scalar(event.anchor, resolved, as_key, len(text))
            return resolved if isinstance(value, Odd) and value.flag == "empty" else value
        return value

    def _tagged(self, event: Any) -> Scalar | Odd:
        quoted = bool(event.style)
        try:
            return tagged(
                event.tag, event.value,
                quoted=quoted, digits=self.limits.digits, dialect=self.dialect,
            )  # fmt: skip
        except ReadingError as refused:
            raise ReadingError(str(refused), event.start_mark.index) from None

    def _key(self, event: Any, value: Any, target: dict[str, Any], depth: int) -> Any:
        """A key that is not a new plain string."""
        index = event.start_mark.index
        if event.value == "<<":
            if event.implicit[0] or short(event.tag) == "merge":
                return self._merge_key(depth, index)
            self.notes.add("merge-quoted", index)
            if self.dialect == "kustomize":
                self.merges.lose(depth, index)
        key: str | None = value
        if not isinstance(value, str):
            key = self._key_text(event, value, depth)
        return self._unique(key or "", target, depth, index)

    def _merge_key(self, depth: int, index: int) -> _Key:
        if not self.merges.begin(depth, index):
            self.notes.add("merge-twice", index)
            if self.dialect == "kustomize":
                raise ReadingError("a mapping key is already defined", index)
        return _MERGE

    def _unique(self, key: str, target: dict[str, Any], depth: int, index: int) -> str:
        if key in target and not self.merges.inherited(depth, key):
            self.notes.add("duplicate-key", index, key)
            if self.dialect == "kustomize":
                raise ReadingError("a mapping key is already defined", index)
        return key

    def _key_text(self, event: Any, value: Any, depth: int) -> str:
        """A non-string key as text. Raises ReadingError where the dialect refuses such a key."""
        index = event.start_mark.index
        self.notes.differs = True
        flag = value.flag if isinstance(value, Odd) else ""
        if flag == "digits":
            raise ReadingError(
                f"a number of more than {self.limits.digits} digits", index, limit=True
            )
        if flag in {"yaml11-bool", "octal"}:
            sort: Sort = "yaml11-key" if flag == "yaml11-bool" else "octal-key"
            self.notes.add(sort, index, event.value)
        if self.dialect == "kustomize":
            usable = depth == 1 and value is not None
            if flag not in {"yaml11-bool", "empty"} and not usable:
                raise ReadingError("a mapping key is not a string", index)
            return str(event.value)  # for nothing at all its emitter writes ''
        key = self._key_or_none(event.value, value)
        if key is None:
            raise ReadingError("a mapping key is null or too large a number", index)
        return key

    @staticmethod
    def _key_or_none(text: str, value: Scalar | Odd) -> str | None:
        if isinstance(value, str):
            return value
        return value.key if isinstance(value, Odd) else key_text(text, value)

    def _alias(self, event: Any, key: Any, nodes: int, depth: int) -> YamlAnchor:
        """The anchor that an alias refers to. Only a mapping can be merged through an alias."""
        index = event.start_mark.index
        anchor = self.anchors.alias(event.anchor, nodes, index, depth)
        if key is _MERGE and not isinstance(anchor.value, dict):
            raise ReadingError(WANT_MAPPING, index)
        return anchor

    def _alias_key(self, event: Any, anchor: YamlAnchor, target: dict[str, Any], depth: int) -> str:
        """The key of an alias; go-yaml v3 does not treat it as a duplicate of a scalar."""
        self.notes.differs = True
        index = event.start_mark.index
        if anchor.key is None:
            raise ReadingError("a mapping key is not a string", index)
        if self.dialect == "kustomize":
            if depth > 1 and not isinstance(anchor.value, str):
                raise ReadingError("a mapping key is not a string", index)
            return anchor.key
        return self._unique(anchor.key, target, depth, index)
