"""Hosts with TLS and proxies: the certificate is that of the name, the address is checked."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.core.fetching import FetchResult, SourceReference
from bot.errors import FetchError
from bot.fetch import Fetching
from bot.fetch.addresses import AllowedHosts
from bot.fetch.limits import FetchLimits
from bot.fetch.messages import Bounds
from bot.fetch.web import WebClient
from tests.fetch.servers import Answer, Server, serving
from tests.git.repositories import commit, make_repository


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of `localhost` that is its own authority, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "key.pem").write_bytes(private)
    (folder / "certificate.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    return folder / "certificate.pem"


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with serving(context) as held:
        yield held


@pytest.fixture
def trusting(tmp_path: Path, encrypted: Server, certificate: Path) -> Fetching:
    surroundings = {name: str(certificate) for name in ("SSL_CERT_FILE", "GIT_SSL_CAINFO")}
    return Fetching(
        tmp_path / "store", enabled=True, hosts=(encrypted.host,), surroundings=surroundings
    )


def brought_alone(fetching: Fetching, wanted: SourceReference) -> FetchResult:
    with fetching.session(frozenset()) as session:
        (brought,) = session.fetch([wanted])
        return brought


def test_a_file_is_brought_by_the_operators_certificates(
    trusting: Fetching, encrypted: Server
) -> None:
    encrypted.files({"/a.yaml": b"a: 1\n"})
    brought = brought_alone(trusting, SourceReference("file", f"{encrypted.url}/a.yaml"))
    assert (brought.status, list(brought.files)) == ("fetched", ["a.yaml"])


def test_a_repository_is_brought_by_the_operators_certificates(
    trusting: Fetching, encrypted: Server, tmp_path: Path
) -> None:
    encrypted.git(tmp_path / "served")
    wanted = commit(make_repository(tmp_path / "served" / "base"), {"a.yaml": "a: 1\n"})
    reference = SourceReference("git", f"{encrypted.url}/git/base/.git", wanted)
    assert brought_alone(trusting, reference).digest == wanted


@pytest.mark.parametrize("kind", ["file", "git"])
def test_who_has_no_certificate_that_is_trusted_brings_nothing(
    trusting: Fetching, encrypted: Server, kind: str
) -> None:
    address, version = f"{encrypted.url}/git/a", "1" * 40 if kind == "git" else ""
    reference = SourceReference("git" if kind == "git" else "file", address, version)
    brought = brought_alone(replace(trusting, surroundings={}), reference)
    assert (brought.status, encrypted.asked) == ("failed", [])


def test_a_certificate_of_another_name_is_not_trusted(
    trusting: Fetching, encrypted: Server
) -> None:
    named = f"127.0.0.1:{encrypted.port}"
    reference = SourceReference("file", f"https://{named}/a.yaml")
    brought = brought_alone(replace(trusting, hosts=(named,)), reference)
    assert (brought, encrypted.asked) == (
        FetchResult("failed", message=f"'{named}' did not answer (SSLError)"),
        [],
    )


def test_a_redirect_to_where_there_is_no_tls_is_not_followed(
    trusting: Fetching, encrypted: Server, server: Server
) -> None:
    server.files({"/a.yaml": b"a: 1\n"})
    there = Answer(302, headers={"Location": f"{server.url}/a.yaml"})
    encrypted.routes["/a.yaml"] = lambda _: there
    both = replace(trusting, hosts=(encrypted.host, server.url))
    brought = brought_alone(both, SourceReference("file", f"{encrypted.url}/a.yaml"))
    assert (brought, server.asked) == (
        FetchResult("refused", message=f"'{encrypted.host}' redirects to an address without TLS"),
        [],
    )


def test_a_proxy_is_told_the_name_and_nobody_else_is(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)

    def resolve(host: str, _port: int) -> list[str]:
        raise AssertionError(host)

    server.routes["charts.example.com:443"] = lambda _: Answer(403)
    web = WebClient(FetchLimits(AllowedHosts(), Bounds(), resolve))
    with pytest.raises(FetchError, match="did not answer"):
        web.get("https://charts.example.com/index.yaml", most=10)
    assert {(asked.method, asked.path) for asked in server.asked} == {
        ("CONNECT", "charts.example.com:443")
    }


@pytest.mark.parametrize("host", ["169.254.169.254", "127.0.0.1", "localhost", "vault.vault.svc"])
def test_a_proxy_is_not_asked_for_what_is_private_by_its_name(
    server: Server, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    with pytest.raises(FetchError, match="not public"):
        WebClient(FetchLimits(AllowedHosts(), Bounds())).get(f"https://{host}/x", most=10)
    assert server.asked == []


def test_git_asks_the_proxy_too(server: Server, tmp_path: Path) -> None:
    server.routes["git.example.com:443"] = lambda _: Answer(403)
    fetching = Fetching(
        tmp_path / "store",
        enabled=True,
        hosts=("git.example.com",),
        surroundings={"HTTPS_PROXY": server.url},
    )
    reference = SourceReference("git", "https://git.example.com/team/base", "1" * 40)
    brought = brought_alone(fetching, reference)
    assert (brought.status, [asked.path for asked in server.asked]) == (
        "failed",
        ["git.example.com:443"],
    )
