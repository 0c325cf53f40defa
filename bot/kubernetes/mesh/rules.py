"""What a rule of an AuthorizationPolicy matches, as a formula over requests.

https://istio.io/latest/docs/reference/config/security/authorization-policy/
https://github.com/istio/istio/blob/1.27.0/pilot/pkg/security/authz/model/model.go
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import Node
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.guardrails.formulas import And, Formula, Not, Opaque, Or, Request, Test
from bot.records import dataclass

_PRINCIPAL: Final = "principal"
_SOURCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "principals": _PRINCIPAL,
        "namespaces": "source.namespace",
        "serviceAccounts": "source.serviceAccount",
        "trustDomains": "source.trustDomain",
        "requestPrincipals": "request principal",
        "ipBlocks": "source address",
        "remoteIpBlocks": "remote address",
    }
)
_OPERATION: Final[Mapping[str, str]] = MappingProxyType(
    {"hosts": "host", "ports": "port", "methods": "method", "paths": "path"}
)
_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "source.principal": _PRINCIPAL,
        "request.auth.principal": "request principal",
        "source.ip": "source address",
        "remote.ip": "remote address",
        "destination.port": "port",
    }
)
# Parts of the caller's identity, as patterns of its principal: TRUST-DOMAIN/ns/NAMESPACE/sa/NAME.
_IDENTITIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "source.namespace": "?*/ns/{}/sa/?*",
        "source.serviceAccount": "?*/ns/{}",
        "source.trustDomain": "{}/ns/?*/sa/?*",
    }
)
_ADDRESSES: Final = frozenset({"source address", "remote address", "destination.ip"})


@dataclass(frozen=True, slots=True)
class _Values:
    """A list of values of a rule: those that a request has to have in a dimension, or must not."""

    dimension: str
    texts: tuple[str, ...]
    excluded: bool


def matched(policy: Node, blocks: tuple[Addresses, ...]) -> Formula:
    """The requests that match any rule of a policy's `spec`; without rules none.

    `blocks` are all blocks of addresses that policies name, which tell addresses apart.
    """
    return Or(tuple(_rule(rule, blocks) for rule in policy["rules"].items()))


def can_exist(request: Request) -> bool:
    """Whether there can be such a request: a principal names one namespace."""
    principal = request.get(_PRINCIPAL)
    return not isinstance(principal, str) or principal.count("/ns/") <= 1


def address_blocks(policies: Iterable[Node]) -> tuple[Addresses, ...]:
    """The blocks of addresses that the rules of these `spec`s name."""
    texts = {
        text
        for policy in policies
        for rule in policy["rules"].items()
        for values in _values(rule)
        if values.dimension in _ADDRESSES
        for text in values.texts
    }
    return tuple(filter(None, map(_addresses, sorted(texts))))


def _rule(rule: Node, blocks: tuple[Addresses, ...]) -> Formula:
    def all_of(lists: Iterable[_Values]) -> Formula:
        return And(tuple(_listed(values, blocks) for values in lists))

    sources = [all_of(_fields(item["source"], _SOURCE)) for item in rule["from"].items()]
    operations = [all_of(_fields(item["operation"], _OPERATION)) for item in rule["to"].items()]
    parts: list[Formula] = [all_of(_conditions(rule))]
    parts += [Or(tuple(choices)) for choices in (sources, operations) if choices]
    return And(tuple(parts))


def _values(rule: Node) -> Iterator[_Values]:
    """Every list of values of a rule."""
    for item in rule["from"].items():
        yield from _fields(item["source"], _SOURCE)
    for item in rule["to"].items():
        yield from _fields(item["operation"], _OPERATION)
    yield from _conditions(rule)


def _fields(node: Node, dimensions: Mapping[str, str]) -> Iterator[_Values]:
    for name, dimension in dimensions.items():
        yield _Values(dimension, node[name].texts, excluded=False)
        yield _Values(dimension, node[f"not{name[0].upper()}{name[1:]}"].texts, excluded=True)


def _conditions(rule: Node) -> Iterator[_Values]:
    for item in rule["when"].items():
        key = item["key"].text or ""
        dimension = _KEYS.get(key, key)
        yield _Values(dimension, item["values"].texts, excluded=False)
        yield _Values(dimension, item["notValues"].texts, excluded=True)


def _listed(values: _Values, blocks: tuple[Addresses, ...]) -> Formula:
    """Any of the values, or none of them; an empty list asks for nothing."""
    if not values.texts:
        return True
    dimension = values.dimension
    if dimension in _ADDRESSES:
        chosen: Formula = Or(tuple(_within(dimension, text, blocks) for text in values.texts))
    else:
        chosen = Or(tuple(_value(dimension, text) for text in values.texts))
    return Not(chosen) if values.excluded else chosen


def _value(dimension: str, text: str) -> Formula:
    """An exact value, a prefix (`a*`), a suffix (`*a`), or any value at all (`*`)."""
    pattern = _IDENTITIES.get(dimension)
    if dimension == "source.serviceAccount":
        text = text.replace("/", "/sa/", 1)
    inner = text.removeprefix("*") if text.startswith("*") else text.removesuffix("*")
    if "*" in inner or "?" in inner or (dimension == "path" and "{" in text):
        return Opaque(f"{dimension} {text}")  # a template of a path, or letters without a meaning
    if pattern is not None:
        return Test(_PRINCIPAL, "glob", (pattern.format("?*" if text == "*" else text),))
    if text == "*":
        return Test(dimension, "exists")
    return Test(dimension, "in" if inner == text else "glob", (text,))


def _within(dimension: str, text: str, blocks: tuple[Addresses, ...]) -> Formula:
    """A block of addresses as the classes of addresses that all blocks tell apart."""
    wanted = _addresses(text)
    if wanted is None:
        return Opaque(f"{dimension} {text}")
    classes = [part for part in _parts(blocks) if part in wanted]
    return Test(dimension, "in", tuple(str(part.spans) for part in classes))


def _parts(blocks: tuple[Addresses, ...]) -> list[Addresses]:
    parts: list[Addresses] = []
    for block in blocks:
        rest = block
        split: list[Addresses] = []
        for part in parts:
            split += [piece for piece in (part & block, part - block) if piece]
            rest -= part
        parts = [*split, *([rest] if rest else [])]
    return parts


def _addresses(text: str) -> Addresses | None:
    try:
        return Addresses.of(text if "/" in text else f"{text}/{128 if ':' in text else 32}")
    except ValueError:
        return None
