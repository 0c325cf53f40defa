"""Label selectors, in both forms that Kubernetes has, and what they select."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.resource import Node
from bot.core.values import Value, mapping, sequence

# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PREFIX: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label; `values` is empty for Exists and DoesNotExist."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels meet the condition. NotIn is met where the label is missing."""
        if self.operator == "In":
            return labels.get(self.key) in self.values
        if self.operator == "NotIn":
            return labels.get(self.key) not in self.values
        return (self.key in labels) == (self.operator == "Exists")

    def __str__(self) -> str:
        if self.operator == "Exists":
            return self.key
        if self.operator == "DoesNotExist":
            return f"!{self.key}"
        if self.operator == "In" and len(self.values) == 1:
            return f"{self.key}={self.values[0]}"
        return f"{self.key} {self.operator.lower()} ({','.join(self.values)})"


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector that was read. One without requirements selects everything.

    `invalid` says why the API would refuse it; such a selector selects nothing.
    """

    requirements: tuple[Requirement, ...] = ()
    invalid: str | None = None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether something with these labels is selected."""
        return self.invalid is None and all(held.holds(labels) for held in self.requirements)

    def judge(self, labels: Mapping[str, str], unknown: Callable[[str], bool]) -> bool | None:
        """The same where `unknown` names labels that no manifest tells; None: cannot tell."""
        if self.invalid is not None:
            return False
        told = [held for held in self.requirements if not unknown(held.key)]
        if not all(held.holds(labels) for held in told):
            return False
        return True if len(told) == len(self.requirements) else None

    @property
    def everything(self) -> bool:
        """Whether this selects whatever there is."""
        return self.invalid is None and not self.requirements

    @property
    def equalities(self) -> tuple[tuple[str, str], ...]:
        """The labels that must have exactly one value; what an index looks things up by."""
        return tuple(
            (held.key, held.values[0])
            for held in self.requirements
            if held.operator == "In" and len(held.values) == 1
        )

    def __str__(self) -> str:
        return ", ".join(map(str, self.requirements)) or "everything"


def label_selector(selector: Node | Value) -> Selector | None:
    """What a `metav1.LabelSelector` says; None where nothing stands.

    What an absent selector means (everything, nothing, the own namespace) is the field's to say.
    """
    value = _value(selector)
    if value is None:
        return None
    try:
        return Selector(tuple(_selector(value)))
    except (TypeError, ValueError) as error:
        return Selector(invalid=str(error))


def map_selector(selector: Node | Value) -> Selector | None:
    """What a plain map of labels says, as a Service's selector; None where nothing stands."""
    value = _value(selector)
    if value is None:
        return None
    try:
        return Selector(tuple(_labels(value)))
    except (TypeError, ValueError) as error:
        return Selector(invalid=str(error))


def matches(selector: Node | Value, labels: Mapping[str, str]) -> bool:
    """Whether a `metav1.LabelSelector` selects these labels; an absent one selects nothing.

    That is upstream's `LabelSelectorAsSelector`: `{}` selects everything, null nothing.
    """
    found = label_selector(selector)
    return found is not None and found.matches(labels)


def _value(selector: Node | Value) -> Value:
    return selector.value if isinstance(selector, Node) else selector


def _selector(value: Value) -> Iterator[Requirement]:
    if not isinstance(value, Mapping):
        raise TypeError("the selector is not a mapping")
    surplus = sorted(set(value) - {"matchLabels", "matchExpressions"})
    if surplus:
        # Strict decoding refuses the field; a lenient one drops it and selects more than was meant.
        raise ValueError(f"a label selector has no field {surplus[0]!r}")
    if value.get("matchLabels") is not None:
        yield from _labels(value["matchLabels"])
    expressions = value.get("matchExpressions")
    if expressions is not None and not isinstance(expressions, tuple):
        raise ValueError("matchExpressions is not a list")
    yield from _requirements(sequence(expressions))


def _labels(value: Value) -> Iterator[Requirement]:
    if not isinstance(value, Mapping):
        raise TypeError("the labels are not a mapping")
    for key in sorted(value):
        yield Requirement(_key(key), "In", (_label(key, value[key]),))


def _requirements(expressions: tuple[Value, ...]) -> Iterator[Requirement]:
    for expression in expressions:
        held = mapping(expression)
        key, operator, values = held.get("key"), held.get("operator"), held.get("values")
        if operator not in _OPERATORS:
            raise ValueError(f"the operator is {operator!r}, legal are {', '.join(_OPERATORS)}")
        listed = sequence(values)
        if operator in {"In", "NotIn"} and not listed:
            raise ValueError(f"{operator} needs values")
        if operator in {"Exists", "DoesNotExist"} and listed:
            raise ValueError(f"{operator} takes no values")
        yield Requirement(
            _key(key), str(operator), tuple(_label(str(key), value) for value in listed)
        )


def _key(key: Value) -> str:
    if isinstance(key, str):
        prefix, slash, name = key.rpartition("/")
        if _NAME.fullmatch(name) and (not slash or _PREFIX.fullmatch(prefix)):
            return key
    raise ValueError(f"{key!r} is not a label key")


def _label(key: str, value: Value) -> str:
    if value is None:  # Go decodes null into a map of strings as the empty string
        return ""
    if isinstance(value, str) and (value == "" or _NAME.fullmatch(value)):
        return value
    raise ValueError(f"the value {value!r} of label {key} is not a label value")
