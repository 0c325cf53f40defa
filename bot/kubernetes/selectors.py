"""Label selectors, in both forms that Kubernetes has, and what they select."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from bot.core.resource import Node
from bot.core.values import MAPPINGS, Value, mapping, sequence
from bot.patterns import pattern
from bot.records import dataclass

# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_NAME: Final = pattern(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PREFIX: Final = pattern(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
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
    """A parsed label selector. One without requirements selects everything.

    `invalid` says why the API refuses it; an invalid selector selects nothing.
    """

    requirements: tuple[Requirement, ...] = ()
    invalid: str | None = None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the selector selects something with these labels."""
        return self.invalid is None and all(
            requirement.holds(labels) for requirement in self.requirements
        )

    def judge(self, labels: Mapping[str, str], unknown: Callable[[str], bool]) -> bool | None:
        """Whether the selector selects these labels; None where `unknown` labels decide."""
        if self.invalid is not None:
            return False
        certain = [requirement for requirement in self.requirements if not unknown(requirement.key)]
        if not all(requirement.holds(labels) for requirement in certain):
            return False
        return True if len(certain) == len(self.requirements) else None

    @property
    def everything(self) -> bool:
        """Whether the selector selects everything."""
        return self.invalid is None and not self.requirements

    @property
    def equalities(self) -> tuple[tuple[str, str], ...]:
        """The labels that must have exactly one value, by which an index can look pods up."""
        return tuple(
            (requirement.key, requirement.values[0])
            for requirement in self.requirements
            if requirement.operator == "In" and len(requirement.values) == 1
        )

    def __str__(self) -> str:
        return ", ".join(map(str, self.requirements)) or "everything"


def label_selector(selector: Node | Value) -> Selector | None:
    """Parse a `metav1.LabelSelector`; None where the field is absent.

    The meaning of an absent selector (everything, nothing, the own namespace) depends on the field.
    """
    value = _value(selector)
    if value is None:
        return None
    try:
        return Selector(tuple(_selector(value)))
    except (TypeError, ValueError) as error:
        return Selector(invalid=str(error))


def map_selector(selector: Node | Value) -> Selector | None:
    """Parse a plain map of labels, such as a Service's selector; None where the field is absent."""
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
    parsed = label_selector(selector)
    return parsed is not None and parsed.matches(labels)


def _value(selector: Node | Value) -> Value:
    return selector.value if isinstance(selector, Node) else selector


def _selector(value: Value) -> Iterator[Requirement]:
    if not isinstance(value, MAPPINGS):
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
    if not isinstance(value, MAPPINGS):
        raise TypeError("the labels are not a mapping")
    for key in sorted(value):
        yield Requirement(_key(key), "In", (_label(key, value[key]),))


def _requirements(expressions: tuple[Value, ...]) -> Iterator[Requirement]:
    for expression in expressions:
        fields = mapping(expression)
        key, operator, values = fields.get("key"), fields.get("operator"), fields.get("values")
        if operator not in _OPERATORS:
            raise ValueError(
                f"the operator is {operator!r}, expected one of {', '.join(_OPERATORS)}"
            )
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
