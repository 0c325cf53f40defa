"""Servers of Istio's Gateways that no longer ask clients for a certificate."""

from __future__ import annotations

import pytest

from bot.kubernetes.routes.client_certificates import client_certificates_lost
from tests.states import world


def gateway(mode: str, host: str = "a.example.com", port: int = 443) -> str:
    return (
        "apiVersion: networking.istio.io/v1\nkind: Gateway\n"
        "metadata: {name: g, namespace: shop}\nspec:\n  servers:\n"
        f"  - {{port: {{number: {port}, protocol: HTTPS}}, hosts: ['{host}'], "
        f"tls: {{mode: {mode}, credentialName: t}}}}\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ("MUTUAL", "SIMPLE", "asks clients for no certificate"),
        ("OPTIONAL_MUTUAL", "SIMPLE", "asks clients for no certificate"),
        ("MUTUAL", "OPTIONAL_MUTUAL", "lets clients in without a certificate"),
    ],
)
def test_a_certificate_that_is_no_longer_asked_for(old: str, new: str, effect: str) -> None:
    [finding] = client_certificates_lost(world(gateway(old)), world(gateway(new)))

    assert finding.message == (
        f"Gateway shop/g {effect} at a.example.com, port 443: {new} instead of {old}"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (gateway("SIMPLE"), gateway("MUTUAL")),
        (gateway("MUTUAL"), gateway("ISTIO_MUTUAL")),
        (gateway("MUTUAL"), gateway("PASSTHROUGH")),
        (gateway("MUTUAL"), gateway("SIMPLE", host="b.example.com")),
        (gateway("MUTUAL"), gateway("SIMPLE", port=8443)),
        ("", gateway("SIMPLE")),
    ],
)
def test_other_changes_are_quiet(before: str, after: str) -> None:
    assert list(client_certificates_lost(world(before), world(after))) == []
