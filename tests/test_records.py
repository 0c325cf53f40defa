"""`bot.records.dataclass` is the standard library's, at less cost."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property
from types import MappingProxyType

import msgspec
import pytest
from rich.pretty import pretty_repr

from bot import records

_LOCAL = "_types.<locals>."
Decorator = Callable[..., Callable[[type], type]]


def _types(dataclass: Decorator) -> tuple[type, ...]:
    """The same classes, as a decorator makes them."""

    @dataclass(frozen=True, slots=True, order=True)
    class Kind:
        """A group and a kind."""

        group: str
        kind: str = "Service"

        def __str__(self) -> str:
            return f"{self.group}/{self.kind}"

    @dataclass(frozen=True, slots=True)
    class Step:
        key: str
        index: int = field(compare=False)

    @dataclass(frozen=True)
    class Resource:
        key: object
        encoded: bytes = field(repr=False, default=b"")
        labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

        @cached_property
        def body(self) -> list[int]:
            return [1]

    @dataclass(frozen=True, slots=True, eq=False)
    class Rule:
        name: str

    @dataclass(frozen=True)
    class State:
        name: str
        memory: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    @dataclass(slots=True)
    class Counter:
        count: int = 0

    return Kind, Step, Resource, Rule, State, Counter


def _behaviour(dataclass: Decorator) -> list[object]:
    """Everything that people may do with a data class."""
    kind, step, resource, rule, state, counter = _types(dataclass)
    some = resource(kind("apps"), b"x")
    counted = counter()
    counted.count += 1
    return [
        [repr(each).replace(_LOCAL, "") for each in (kind("apps"), step("a", 1), some, counted)],
        (str(kind("apps")), kind.__doc__, kind.__qualname__, getattr(kind, "__match_args__", ())),
        (kind("a") < kind("b"), kind("a") == kind("a"), kind("a") == kind("b"), kind("a") == 1),
        (step("a", 1) == step("a", 2), hash(step("a", 1)) == hash(step("a", 2))),
        step("a", 1) == step("b", 1),
        (rule("a") == rule("a"), len({rule("a"), rule("a")})),
        len({kind("a"), kind("a"), kind("b")}),
        (some.body is some.body, some == resource(kind("apps"), b"x"), some == resource(1)),
        dataclasses.replace(some, encoded=b"y").encoded,
        (dataclasses.asdict(kind("apps")), [each.name for each in dataclasses.fields(some)]),
        (dataclasses.is_dataclass(kind), state("a") == state("a"), state("a").memory),
        msgspec.json.encode([kind("a"), step("b", 2)]),
        _refusal(lambda: setattr(kind("a"), "kind", "Pod"), AttributeError),
        _refusal(lambda: delattr(kind("a"), "kind"), AttributeError),
        _refusal(lambda: setattr(kind("a"), "other", 1), (AttributeError, TypeError)),
        _refusal(kind, TypeError),
        _refusal(lambda: kind("a", "b", "c"), TypeError),
        _refusal(lambda: kind("a") < 1, TypeError),
        _refusal(lambda: hash(counted), TypeError),
    ]


def _refusal(
    action: Callable[[], object], error: type[Exception] | tuple[type[Exception], ...]
) -> bool:
    with pytest.raises(error):
        action()
    return True


def test_a_record_behaves_as_a_dataclass() -> None:
    ours = [str(each) for each in _behaviour(records.dataclass)]

    assert ours == [str(each) for each in _behaviour(dataclasses.dataclass)]


def test_a_record_is_a_struct_where_that_can_be() -> None:
    structs = [issubclass(each, msgspec.Struct) for each in _types(records.dataclass)]

    assert structs == [True] * len(structs)


@records.dataclass(frozen=True, slots=True)
class Place:
    """At the top level, as what is pickled must be."""

    path: str
    line: int = 1


def test_a_record_survives_pickling_and_decoding() -> None:
    place = Place("a.yaml", 3)

    assert pickle.loads(pickle.dumps(place)) == place  # noqa: S301 - our own bytes
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(place), type=Place) == place


def test_a_hidden_field_is_shown_nowhere() -> None:
    _, _, resource, *_ = _types(records.dataclass)
    some = resource(1, b"secret")

    shown = [repr(some), str(some), pretty_repr(some)]

    assert [text for text in shown if "secret" in text] == []
