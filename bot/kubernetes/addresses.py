"""Sets of IPv4 and IPv6 addresses."""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from bot.records import dataclass

_BITS: Final = {4: 32, 6: 128}
_WHOLE: Final = {4: "0.0.0.0/0", 6: "::/0"}

Span = tuple[int, int, int]
"""IP version, first and last address as numbers."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """A set of addresses, as sorted spans that neither overlap nor touch."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, cidr: str) -> Addresses:
        """The addresses of a CIDR block. Raises ValueError where the text is not a CIDR block.

        Host bits are read as zeros: `10.0.0.1/8` is `10.0.0.0/8`, as the API reads it.
        """
        if "/" not in cidr:
            raise ValueError(f"{cidr!r} is not a CIDR block")
        network = ipaddress.ip_network(cidr, strict=False)
        first = int(network.network_address)
        return cls(((network.version, first, first + network.num_addresses - 1),))

    @classmethod
    def union(cls, sets: Iterable[Addresses]) -> Addresses:
        """The addresses that are in any of these sets."""
        return cls(tuple(_merged(span for each in sets for span in each.spans)))

    def __or__(self, other: Addresses) -> Addresses:
        return Addresses.union((self, other))

    def __sub__(self, other: Addresses) -> Addresses:
        return Addresses(tuple(rest for span in self.spans for rest in _outside(span, other.spans)))

    def __and__(self, other: Addresses) -> Addresses:
        return self - (self - other)

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, other: Addresses) -> bool:
        return not (other - self)

    @property
    def everywhere(self) -> bool:
        """Whether the set holds all addresses of an IP version."""
        return any(
            first == 0 and last == 2 ** _BITS[version] - 1 for version, first, last in self.spans
        )

    @property
    def anywhere(self) -> bool:
        """Whether this holds nearly all addresses of a version: all but an eighth at most.

        A list that leaves out some addresses, or all private ones, is open to the internet.
        """
        sizes = dict.fromkeys(_BITS, 0)
        for version, first, last in self.spans:
            sizes[version] += last - first + 1
        return any(sizes[version] * 8 >= 7 * 2**bits for version, bits in _BITS.items())

    def __str__(self) -> str:
        """The CIDR blocks that make up the set, at most three of them."""
        blocks = [str(block) for span in self.spans for block in _blocks(span)]
        if len(blocks) > 3 and self.anywhere:
            versions = {span[0] for span in self.spans}
            every = Addresses(tuple(span for span in EVERYWHERE.spans if span[0] in versions))
            return f"{'all' if len(versions) > 1 else _WHOLE[versions.pop()]} but {every - self}"
        more = f" and {len(blocks) - 3} more blocks" if len(blocks) > 3 else ""
        return ", ".join(blocks[:3]) + more


EVERYWHERE: Final = Addresses(((4, 0, 2**32 - 1), (6, 0, 2**128 - 1)))
"""All addresses of both versions."""


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    current: Span | None = None
    for span in sorted(spans):
        if current is not None and span[0] == current[0] and span[1] <= current[2] + 1:
            current = (current[0], current[1], max(current[2], span[2]))
            continue
        if current is not None:
            yield current
        current = span
    if current is not None:
        yield current


def _outside(span: Span, cuts: tuple[Span, ...]) -> Iterator[Span]:
    """The parts of a span that are in none of these sorted spans."""
    version, first, last = span
    start = bisect_right(cuts, (version, first, last))
    # The span before may reach into this one.
    for index in range(max(0, start - 1), len(cuts)):
        cut = cuts[index]
        if cut[0] != version or cut[1] > last:
            if (cut[0], cut[1]) > (version, last):
                break
            continue
        if cut[2] < first:
            continue
        if first < cut[1]:
            yield version, first, cut[1] - 1
        first = cut[2] + 1
    if first <= last:
        yield version, first, last


def _blocks(
    span: Span,
) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    version, first, last = span
    if version == 4:
        yield from ipaddress.summarize_address_range(
            ipaddress.IPv4Address(first), ipaddress.IPv4Address(last)
        )
    else:
        yield from ipaddress.summarize_address_range(
            ipaddress.IPv6Address(first), ipaddress.IPv6Address(last)
        )
