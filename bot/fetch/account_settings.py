"""Parses the operator's settings of accounts. Errors never show a secret.

The formats are those of Docker's `config.json` and of Git's credential store:
https://docs.docker.com/reference/cli/docker/login/ and https://git-scm.com/docs/git-credential-store
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from bot.fetch.accounts import FetchAccount, Grant
from bot.fetch.addresses import REGISTRY_HOSTS

_REPOSITORIES: Final = re.compile(r"\*|[a-z0-9_.-]+(?:/[a-z0-9_.-]+)?")
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")
_PATH: Final = re.compile(r"(?:/[\w.~+@=,:-]+)*", re.ASCII)
_FIELDS: Final = frozenset({"auth", "username", "password", "registrytoken", "realm", "email"})


def parse_registry_accounts(text: str) -> Iterator[FetchAccount]:
    """The accounts in a Docker `config.json`. Raises ValueError that says what is wrong."""
    document = _json(text)
    helpers = {"credsStore", "credHelpers"} & document.keys()
    entries = document.get("auths", {})
    if not isinstance(entries, dict) or not (entries or helpers):
        raise ValueError("it has no 'auths' with an entry for each host")
    if helpers and not any(entries.values()):
        raise ValueError(
            f"it names credential helpers ({', '.join(sorted(helpers))}), which are not run: "
            "write the accounts into 'auths'"
        )
    for key, entry in entries.items():
        host, path = _scope(key)
        # Docker Hub's key in files that `docker login` writes.
        path = "" if (host, path) == ("index.docker.io", "/v1") else path
        # An entry without fields is the place of an account that a helper has.
        if entry:
            yield _account(REGISTRY_HOSTS.get(host, host), path, key, entry)


def parse_git_accounts(text: str) -> Iterator[FetchAccount]:
    """The accounts in lines of the form `https://USER:PASSWORD@HOST[/PATH]`, as Git stores them.

    Raises ValueError with the number of the first malformed line.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        scheme, _, rest = line.strip().partition("://")
        user_info, at, address = rest.rpartition("@")
        user, colon, secret = user_info.partition(":")
        if scheme not in {"https", "http"} or not at or not colon or not secret:
            raise ValueError(f"line {number} is not of the form https://USER:PASSWORD@HOST/PATH")
        try:
            host, path = _scope(f"{scheme}://{address}")
        except ValueError as error:
            raise ValueError(f"line {number} does not name a host and a path") from error
        yield FetchAccount("git", host, path.removesuffix(".git"), unquote(user), unquote(secret))


def parse_grants(text: str) -> Iterator[Grant]:
    """The grants in `REPOSITORIES@HOST[/PATH]`, separated by commas or line breaks.

    Raises ValueError with the first malformed entry.
    """
    for part in re.split(r"[,\n]", text):
        entry = part.strip()
        if not entry:
            continue
        repositories, at, scope = entry.partition("@")
        if not at or not _REPOSITORIES.fullmatch(repositories.lower()):
            raise ValueError(
                f"{entry!r} is not of the form OWNER@HOST, OWNER/NAME@HOST/PATH or *@HOST"
            )
        host, path = _scope(scope)
        yield Grant(repositories.lower(), REGISTRY_HOSTS.get(host, host), path)


def _json(text: str) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        document = None
    if not isinstance(document, dict):
        # The cause could show a part of the text.
        raise ValueError("it is not a JSON object like Docker's config.json") from None  # noqa: TRY004 - of a text, not of a type
    return document


def _account(host: str, path: str, key: str, entry: Any) -> FetchAccount:
    fields = entry if isinstance(entry, dict) else {}
    if "identitytoken" in fields:
        raise ValueError(
            f"the entry for {key!r} has an 'identitytoken', which is not supported: use a user "
            "name and a password or access token"
        )
    if not fields or not all(
        name in _FIELDS and isinstance(value, str) for name, value in fields.items()
    ):
        legal = ", ".join(sorted(_FIELDS - {"email"}))
        raise ValueError(f"the entry for {key!r} must be an object with texts of {legal}")
    realm = fields.get("realm", "").lower()
    if token := fields.get("registrytoken", ""):
        return FetchAccount("web", host, path, secret=_header_text(token, key), is_token=True)
    user, secret = fields.get("username", ""), fields.get("password", "")
    if encoded := fields.get("auth", ""):
        user, secret = _decoded(encoded, key)
    if not user or not secret:
        raise ValueError(f"the entry for {key!r} has no user name or no password")
    return FetchAccount("web", host, path, user, secret, realm=realm)


def _decoded(encoded: str, key: str) -> tuple[str, str]:
    try:
        text = b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        raise ValueError(f"'auth' of the entry for {key!r} is not base64 of a text") from None
    user, _, secret = text.partition(":")
    return user, secret


def _header_text(token: str, key: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(f"'registrytoken' of the entry for {key!r} is not a token")
    return token


def _scope(text: str) -> tuple[str, str]:
    """The host and the path of a key such as `registry.example.com/team` or a URL."""
    address = text if "://" in text else f"https://{text}"
    parts = urlsplit(address)
    host, path = parts.netloc.lower(), parts.path.rstrip("/")
    is_plain = parts.scheme in {"https", "http"} and not (parts.query or parts.fragment)
    segments = path.split("/")
    if not is_plain or not _HOST.fullmatch(host) or not _PATH.fullmatch(path):
        raise ValueError(f"{text!r} does not name a host and a path")
    if {".", ".."} & set(segments):
        raise ValueError(f"{text!r} has a '.' or '..' segment")
    # A registry's key may name its API.
    path = "" if path == "/v2" else path
    is_default = parts.scheme == "https" and host.endswith(":443")
    host = host.removesuffix(":443") if is_default else host
    return (f"{host}:80" if parts.scheme == "http" and ":" not in host else host), path
