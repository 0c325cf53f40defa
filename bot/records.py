"""`dataclass` and `cached_property`, as in the standard library, for the many values of a review.

Defining a dataclass compiles up to six functions and takes about half a millisecond, and making
one takes a Python call for each field. A review defines some four hundred types and makes a hundred
thousand values, so both were a large part of what it cost. This decorator makes a
[Struct](https://jcristharif.com/msgspec/structs.html) of the same class, whose methods are written
in C, and leaves the class as the standard library would make it where a Struct cannot be the same.
A class that others extend keeps the standard decorator.
Until Python 3.12, the standard library's `cached_property` takes a lock for each value that it
works out, which costs more than most of the values; a review has one thread.
Type checkers see the standard library's decorators.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

__all__ = ["cached_property", "dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
    from functools import cached_property
else:

    class cached_property:  # noqa: N801 - the standard library's name
        """Like `functools.cached_property`, without its lock: two threads may both compute."""

        def __init__(self, compute: Callable[[object], object]) -> None:
            self._compute = compute
            self.__doc__ = compute.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, instance: object, owner: type | None = None) -> object:
            if instance is None:
                return self
            value = instance.__dict__[self._name] = self._compute(instance)
            return value

    def dataclass(
        cls: type | None = None,
        /,
        *,
        frozen: bool = False,
        slots: bool = False,
        eq: bool = True,
        order: bool = False,
    ) -> type | Callable[[type], type]:
        """Like `dataclasses.dataclass` with these options.

        Frozen values refuse assignment with AttributeError. `dataclasses.replace`, `fields` and
        `asdict` take them.
        """
        options = {"frozen": frozen, "slots": slots, "eq": eq, "order": order}

        def decorated(plain: type) -> type:
            return _struct(plain, options) or dataclasses.dataclass(**options)(plain)

        return decorated if cls is None else decorated(cls)


_META: Any = type(msgspec.Struct)


class _Fields:
    """`__dataclass_fields__` and the like of a Struct, made when `dataclasses` first asks."""

    def __init__(self, plain: type, name: str) -> None:
        self._plain = plain
        self._name = name

    def __get__(self, instance: object, owner: type) -> object:
        plain = self._plain
        if self._name not in vars(plain):
            dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)(plain)
        value = getattr(plain, self._name)
        setattr(owner, self._name, value)
        return value


def _struct(plain: type, options: Mapping[str, bool]) -> type | None:
    """A Struct with the fields, methods and behaviour of a class; None where none has."""
    namespace = dict(vars(plain))
    annotations: Mapping[str, object] = namespace.get("__annotations__", {})
    fields = {name: namespace.get(name, dataclasses.MISSING) for name in annotations}
    as_struct = (
        plain.__bases__ == (object,)
        and "__post_init__" not in namespace
        and all(_is_plain(name, annotations[name], fields[name], options) for name in fields)
    )
    if not as_struct:
        return None
    # Without a docstring, `dataclasses` works out a signature, which takes longest of all.
    plain.__doc__ = plain.__doc__ or plain.__name__
    for name in ("__dict__", "__weakref__", *fields):
        namespace.pop(name, None)
    for name, default in fields.items():
        if not isinstance(default, dataclasses.Field):
            value = default
        elif default.default_factory is not dataclasses.MISSING:
            value = msgspec.field(default_factory=default.default_factory)
        else:
            value = default.default
        if value is not dataclasses.MISSING:
            namespace[name] = value
    for name in ("__dataclass_fields__", "__dataclass_params__"):
        namespace[name] = _Fields(plain, name)
    namespace["__qualname__"] = plain.__qualname__
    namespace.update(_methods(namespace, fields, options))
    struct: type = _META(
        plain.__name__,
        (msgspec.Struct,),
        namespace,
        frozen=options["frozen"],
        eq=options["eq"] and "__eq__" not in namespace,
        cache_hash=options["frozen"] and options["eq"] and "__hash__" not in namespace,
        order=options["order"],
        dict=not options["slots"],
        weakref=not options["slots"],
    )
    return struct


def _is_plain(name: str, annotation: object, default: object, options: Mapping[str, bool]) -> bool:
    """Whether a Struct can have this field.

    msgspec also encodes names that begin with `_`. What can be changed, or remembers what it worked
    out (`init=False`), is never encoded.
    """
    if "ClassVar" in str(annotation) or annotation == "KW_ONLY":
        return False
    if not isinstance(default, dataclasses.Field):
        return not (name.startswith("_") and options["frozen"])
    private = name.startswith("_") and options["frozen"] and default.init
    remembers = default.default_factory is not dataclasses.MISSING
    return (
        not private
        and (default.init or remembers)
        and default.kw_only is not True
        and default.hash is None
        and (default.compare or not options["order"])
    )


def _methods(
    namespace: Mapping[str, object],
    fields: Mapping[str, object],
    options: Mapping[str, bool],
) -> dict[str, Callable[..., object]]:
    """The methods of a class of which not every field is compared or shown."""
    methods: dict[str, Callable[..., object]] = {}
    special = {
        name: default for name, default in fields.items() if isinstance(default, dataclasses.Field)
    }
    ignored = {name for name, field in special.items() if not field.compare}
    if options["eq"] and ignored:
        compared = attrgetter(*(name for name in fields if name not in ignored))

        def equal(self: object, other: object) -> object:
            return (
                compared(self) == compared(other) if type(other) is type(self) else NotImplemented
            )

        methods["__eq__"] = equal
        methods["__hash__"] = lambda self: hash(compared(self))
    if not options["eq"]:
        methods["__eq__"], methods["__hash__"] = object.__eq__, object.__hash__
    hidden = {name for name, field in special.items() if not field.repr}
    if hidden:
        shown = tuple(name for name in fields if name not in hidden)

        def text(self: object) -> str:
            values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
            return f"{type(self).__qualname__}({values})"

        methods["__repr__"] = text
        methods["__rich_repr__"] = lambda self: ((name, getattr(self, name)) for name in shown)
    return {name: method for name, method in methods.items() if name not in namespace}
