"""Sets of ports and of addresses behave as sets, and read as people write them."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kubernetes.addresses import EVERYWHERE, Addresses
from bot.kubernetes.ports import EVERY_PORT, Ports, is_port_name

spans = st.lists(
    st.tuples(st.sampled_from(["TCP", "UDP", "SCTP"]), st.integers(1, 20), st.integers(0, 5)),
    max_size=5,
)


def ports_of(held: list[tuple[str, int, int]]) -> tuple[Ports, set[tuple[str, int]]]:
    found, plain = Ports(), set()
    for protocol, low, more in held:
        found |= Ports.of(protocol, low, low + more)
        plain |= {(protocol, number) for number in range(low, low + more + 1)}
    return found, plain


@given(spans, spans)
def test_ports_are_sets(one: list[tuple[str, int, int]], other: list[tuple[str, int, int]]) -> None:
    (left, plain), (right, also) = ports_of(one), ports_of(other)
    ways = {
        (left | right): plain | also,
        (left & right): plain & also,
        (left - right): plain - also,
    }

    for found, expected in ways.items():
        listed = {(p, n) for p, low, high in found.ranges() for n in range(low, high + 1)}
        assert listed == expected
        assert bool(found) == bool(expected)


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        (Ports.of("TCP", 80), "TCP 80"),
        (
            Ports.of("TCP", 80) | Ports.of("TCP", 443) | Ports.of("UDP", 53),
            "TCP 80, 443 and UDP 53",
        ),
        (Ports.of("UDP", 1, 65535), "UDP every port"),
        (Ports.of("TCP", 1, 65535) - Ports.of("TCP", 22), "TCP 1-21, 23-65535"),
        (EVERY_PORT, "every port"),
        (EVERY_PORT - Ports.of("TCP", 22), "every port but TCP 22"),
        (EVERY_PORT - Ports.of("UDP", 1, 65535), "TCP every port and SCTP every port"),
    ],
)
def test_ports_in_words(ports: Ports, text: str) -> None:
    assert str(ports) == text


@pytest.mark.parametrize(
    "port", [("TCP", 0, 0), ("TCP", 80, 79), ("TCP", 1, 65536), ("ICMP", 1, 1)]
)
def test_what_is_no_port_is_in_no_set(port: tuple[str, int, int]) -> None:
    assert not Ports.of(*port)


@pytest.mark.parametrize(
    ("name", "legal"),
    [
        ("http", True),
        ("a-1", True),
        ("1a", True),
        ("80", False),
        ("a--b", False),
        ("-a", False),
        ("a-", False),
        ("Http", False),
        ("a" * 15, True),
        ("a" * 16, False),
        ("", False),
    ],
)
def test_names_of_ports(name: str, legal: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_port_name(name) is legal


blocks = st.tuples(st.integers(0, 255), st.integers(24, 32)).map(
    lambda held: str(ipaddress.ip_network((0x0A000000 + held[0], held[1]), strict=False))
)


def addresses_of(held: list[str]) -> tuple[Addresses, set[int]]:
    found: Addresses = Addresses()
    plain: set[int] = set()
    for block in held:
        found |= Addresses.of(block)
        plain |= {int(each) for each in ipaddress.ip_network(block)}
    return found, plain


@given(st.lists(blocks, max_size=4), st.lists(blocks, max_size=4))
def test_addresses_are_sets(one: list[str], other: list[str]) -> None:
    (left, plain), (right, also) = addresses_of(one), addresses_of(other)
    pairs = (
        (left | right, plain | also),
        (left & right, plain & also),
        (left - right, plain - also),
    )

    for found, expected in pairs:
        listed = {each for _, low, high in found.spans for each in range(low, high + 1)}
        assert listed == expected
    assert (left in right) == (plain <= also)


@pytest.mark.parametrize(
    ("blocks", "text"),
    [
        (["10.0.0.0/8"], "10.0.0.0/8"),
        (["10.0.0.1/8"], "10.0.0.0/8"),
        (["10.0.0.0/9", "10.128.0.0/9"], "10.0.0.0/8"),
        (["2001:db8::/32", "10.0.0.0/8"], "10.0.0.0/8, 2001:db8::/32"),
        (
            ["10.0.0.0/32", "10.0.0.2/32", "10.0.0.4/32", "10.0.0.6/32"],
            "10.0.0.0/32, 10.0.0.2/32, 10.0.0.4/32 and 1 more blocks",
        ),
    ],
)
def test_addresses_in_words(blocks: list[str], text: str) -> None:
    found = Addresses()
    for block in blocks:
        found |= Addresses.of(block)

    assert str(found) == text


@pytest.mark.parametrize("text", ["", "10.0.0.1", "10.0.0.0/33", "example.com/8"])
def test_what_is_no_block_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Addresses.of(text)


def test_everywhere_is_every_address_of_a_version() -> None:
    assert EVERYWHERE.everywhere
    assert Addresses.of("0.0.0.0/0").everywhere
    assert not (EVERYWHERE - Addresses.of("10.0.0.0/8") - Addresses.of("::/128")).everywhere


@pytest.mark.parametrize(
    ("blocks", "anywhere"),
    [
        (["0.0.0.0/0"], True),
        (["0.0.0.0/1", "128.0.0.0/1"], True),
        (["0.0.0.0/1"], False),
        (["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"], True),
        (["10.0.0.0/8"], False),
        (["2000::/3"], False),
        (["::/0"], True),
    ],
)
def test_nearly_all_addresses_of_a_version_are_anywhere(
    blocks: list[str], *, anywhere: bool
) -> None:
    assert Addresses.union(map(Addresses.of, blocks)).anywhere is anywhere
