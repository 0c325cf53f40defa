"""Sets of IP addresses, of both versions."""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_BITS: Final = {4: 32, 6: 128}

Span = tuple[int, int, int]
"""IP version, first and last address as numbers."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """A set of addresses as sorted spans that do not touch."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, cidr: str) -> Addresses:
        """The addresses of a block. Raises ValueError for what is no block.

        Host bits are taken as zeros: `10.0.0.1/8` is `10.0.0.0/8`, as for the API.
        """
        if "/" not in cidr:
            raise ValueError(f"{cidr!r} is not a CIDR block")
        network = ipaddress.ip_network(cidr, strict=False)
        first = int(network.network_address)
        return cls(((network.version, first, first + network.num_addresses - 1),))

    @classmethod
    def union(cls, held: Iterable[Addresses]) -> Addresses:
        """The addresses that are in any of these."""
        return cls(tuple(_merged(span for each in held for span in each.spans)))

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
        """Whether this holds all addresses of a version."""
        return any(
            first == 0 and last == 2 ** _BITS[version] - 1 for version, first, last in self.spans
        )

    def __str__(self) -> str:
        """The blocks that make up the set, at most three of them."""
        blocks = [str(block) for span in self.spans for block in _blocks(span)]
        more = f" and {len(blocks) - 3} more blocks" if len(blocks) > 3 else ""
        return ", ".join(blocks[:3]) + more


EVERYWHERE: Final = Addresses(((4, 0, 2**32 - 1), (6, 0, 2**128 - 1)))
"""All addresses of both versions."""


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    held: Span | None = None
    for span in sorted(spans):
        if held is not None and span[0] == held[0] and span[1] <= held[2] + 1:
            held = (held[0], held[1], max(held[2], span[2]))
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held


def _outside(span: Span, cuts: tuple[Span, ...]) -> Iterator[Span]:
    """What of a span is in none of these sorted spans."""
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
