"""Addresses that are connected to: public ones, or those of a host that the operator named."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from bot.errors import FetchError
from bot.fetch.addresses import AllowedHosts, ParsedAddress, parse_redirect
from bot.fetch.guard import addresses_of, check_literal, is_public, resolve

PLACE = ParsedAddress("https", "charts.example.com", 443, "/x")
NAMED = AllowedHosts(("charts.example.com",))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("140.82.121.4", True),
        ("2a00:1450:4001:800::200e", True),
        ("2002:8c52:7904::1", True),
        ("64:ff9b::8c52:7904", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),  # noqa: S104 - a value
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("233.252.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("ff0e::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("::10.0.0.1", False),
        ("2002:0a00:0001::1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::8c52:7904", False),
        ("2001:db8::1", False),
        ("2001::1", False),
    ],
)
def test_only_what_everybody_reaches_is_public(address: str, *, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize("address", ["10.0.0.1", "::1", "169.254.169.254", "fe80::1%eth0"])
def test_one_address_that_is_not_public_refuses_them_all(address: str) -> None:
    with pytest.raises(FetchError) as raised:
        addresses_of(PLACE, AllowedHosts(), lambda _host, _port: ["140.82.121.4", address])
    assert raised.value.refused
    assert str(raised.value) == (
        "'charts.example.com' has an address that is not public; add the host to "
        "FAIRLEAD_FETCH_HOSTS to allow it"
    )


@pytest.mark.parametrize(("address", "meant"), [("10.0.0.1", True), ("127.0.0.1", True),
    ("fd00::1", True), ("::1", True), ("169.254.169.254", False), ("::ffff:169.254.169.254", False),
    ("0.0.0.0", False)])  # fmt: skip # noqa: S104 - a value
def test_a_named_host_may_be_private_but_no_metadata_service(address: str, *, meant: bool) -> None:
    def found() -> tuple[str, ...]:
        return addresses_of(PLACE, NAMED, lambda _host, _port: [address])

    if meant:
        assert found() == (address,)
    else:
        with pytest.raises(FetchError):
            found()


def test_a_name_that_leads_to_this_machine_is_refused() -> None:
    with pytest.raises(FetchError):
        addresses_of(ParsedAddress("https", "localhost", 443, "/x"), AllowedHosts(), resolve)


def test_a_name_that_nobody_knows_is_no_refusal() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError

    with pytest.raises(FetchError) as raised:
        addresses_of(PLACE, AllowedHosts(), unknown)
    assert (str(raised.value), raised.value.refused) == (
        "the name 'charts.example.com' cannot be resolved",
        False,
    )


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "10.1", "localhost", "metadata",
     "metadata.google.internal", "vault.vault.svc", "a.localhost"],
)  # fmt: skip
def test_what_a_proxy_would_be_asked_for_is_refused_by_its_name_alone(host: str) -> None:
    with pytest.raises(FetchError):
        check_literal(ParsedAddress("https", host, 443, "/x"), AllowedHosts())


def test_a_public_name_is_left_to_the_proxy() -> None:
    check_literal(PLACE, AllowedHosts())


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/x", "https://user@a.example/x", "https:///x", "https://a.example:x/y",
     "http://a.example/x", "https://a.example:8443/x", "//a.example/x", "", "https://a b/x",
     "https://[::1]/x", "https://a.example/\n", f"https://a.example/{'a' * 4000}"],
)  # fmt: skip
def test_an_address_that_is_led_to_is_of_one_form(url: str) -> None:
    with pytest.raises(FetchError):
        parse_redirect(url, AllowedHosts())


def test_an_address_that_is_led_to_may_be_signed() -> None:
    assert parse_redirect("https://a.example/x%20y?sig=a%2Fb", AllowedHosts()) == ParsedAddress(
        "https", "a.example", 443, "/x%20y"
    )
