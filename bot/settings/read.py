"""Environment variables -> Settings, with an error that names the invalid variable."""

from __future__ import annotations

import base64
import binascii
import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from bot.errors import UsageError
from bot.git.command import SURROUNDINGS
from bot.settings.environment import EnvironmentReader
from bot.settings.model import FetchSettings, Settings
from bot.settings.variables import LOG_FORMATS, LOG_LEVELS, TELEMETRY
from bot.setup.credentials import read_credentials

if TYPE_CHECKING:
    from bot.fetch.accounts import Accounts

P = TypeVar("P")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in the environment. Raises UsageError naming the invalid variable."""
    read = EnvironmentReader(os.environ if environ is None else environ)
    settings = Settings(
        app_id=read.text("APP_ID") or read.text("CLIENT_ID"),
        private_key=_private_key(read),
        private_key_command=_command(read),
        webhook_secrets=_secrets(read.text("WEBHOOK_SECRET")),
        github_api_url=_api_url(read),
        url=_public_url(read),
        client_id=read.text("CLIENT_ID"),
        client_secret=read.text("CLIENT_SECRET"),
        host=read.text("HOST") or "127.0.0.1",
        port=read.number("PORT", 3000, 0, 65535),
        admin_host=read.text("ADMIN_HOST") or "127.0.0.1",
        admin_port=read.number("ADMIN_PORT", 3001, 0, 65535),
        data_dir=Path(read.text("DATA_DIR") or "data"),
        database_url=_database_url(read),
        log_level=read.choice("LOG_LEVEL", LOG_LEVELS, "info"),
        log_format=read.choice("LOG_FORMAT", LOG_FORMATS, "auto"),
        workers=read.number("FAIRLEAD_WORKERS", 2, 1, 64),
        job_seconds=read.number("FAIRLEAD_JOB_SECONDS", 300, 10, 3600),
        allow_no_sandbox=read.flag("FAIRLEAD_ALLOW_NO_SANDBOX"),
        telemetry={name: value for name in TELEMETRY if (value := read.environ.get(name))},
        surroundings=_surroundings(read),
        fetch=read_fetch_settings(read.environ),
    )
    return _with_stored(settings) if settings.unregistered else settings


def read_fetch_settings(environ: Mapping[str, str] | None = None) -> FetchSettings:
    """The settings of fetching. Raises UsageError naming the invalid variable."""
    read = EnvironmentReader(os.environ if environ is None else environ)
    return FetchSettings(
        enabled=read.flag("FAIRLEAD_FETCH", default=True),
        hosts=_hosts(read.text("FAIRLEAD_FETCH_HOSTS") or ""),
        accounts=_accounts(read),
        surroundings=_surroundings(read),
    )


def _hosts(text: str) -> tuple[str, ...]:
    entries = [part.strip() for part in text.split(",") if part.strip()]
    if not entries:
        return ()
    from bot.fetch.addresses import AllowedHosts  # noqa: PLC0415 - only where some are named

    try:
        return AllowedHosts.parse(entries).entries
    except ValueError as error:
        raise UsageError(
            f"FAIRLEAD_FETCH_HOSTS names {str(error)!r}: each must be host, host:port, host/owner "
            "or http://host:port"
        ) from error


def _accounts(read: EnvironmentReader) -> Accounts | None:
    """The accounts of private sources. An error names the variable, never a secret."""
    registries, git, grants = (
        read.text(name)
        for name in ("FAIRLEAD_FETCH_AUTH", "FAIRLEAD_FETCH_GIT_AUTH", "FAIRLEAD_FETCH_GRANTS")
    )
    if not (registries or git or grants):
        return None
    from bot.fetch import account_settings  # noqa: PLC0415 - only with private sources
    from bot.fetch.accounts import Accounts  # noqa: PLC0415 - only with private sources

    def parsed(name: str, text: str | None, parse: Callable[[str], Iterable[P]]) -> tuple[P, ...]:
        try:
            return tuple(parse(text)) if text else ()
        except ValueError as error:
            raise UsageError(f"{name} is invalid: {error}") from None

    return Accounts(
        (
            *parsed("FAIRLEAD_FETCH_AUTH", registries, account_settings.parse_registry_accounts),
            *parsed("FAIRLEAD_FETCH_GIT_AUTH", git, account_settings.parse_git_accounts),
        ),
        parsed("FAIRLEAD_FETCH_GRANTS", grants, account_settings.parse_grants),
    )


def _surroundings(read: EnvironmentReader) -> Mapping[str, str]:
    return {name: value for name in SURROUNDINGS if (value := read.environ.get(name))}


def _with_stored(settings: Settings) -> Settings:
    """The settings, with the credentials that the set-up page stored, if any."""
    credentials = read_credentials(settings.data_dir)
    if credentials is None:
        return settings
    return replace(
        settings,
        app_id=credentials.app_id,
        private_key=credentials.private_key,
        webhook_secrets=(credentials.webhook_secret,),
        client_id=credentials.client_id or settings.client_id,
        client_secret=credentials.client_secret or settings.client_secret,
        url=settings.url or credentials.url or None,
    )


def _private_key(read: EnvironmentReader) -> str | None:
    """The key as PEM; the variable holds PEM, PEM with escaped line breaks, or base64 of PEM."""
    encoded = read.text("PRIVATE_KEY_BASE64")
    plain = read.text("PRIVATE_KEY")
    if encoded and plain:
        raise UsageError("PRIVATE_KEY and PRIVATE_KEY_BASE64 are both set: set one of them")
    text = encoded or plain
    if text is None:
        return None
    if "PRIVATE KEY" not in text:
        text = _decoded(text)
    text = text.replace("\\n", "\n")
    if "PRIVATE KEY" not in text:
        raise UsageError("PRIVATE_KEY is not a private key: it must be PEM text or base64 of it")
    return text


def _command(read: EnvironmentReader) -> tuple[str, ...]:
    """The words of the command that signs, split as a shell does, without expansion."""
    text = read.text("PRIVATE_KEY_COMMAND")
    if text is None:
        return ()
    if read.text("PRIVATE_KEY") or read.text("PRIVATE_KEY_BASE64"):
        raise UsageError("PRIVATE_KEY and PRIVATE_KEY_COMMAND are both set: set one of them")
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"PRIVATE_KEY_COMMAND cannot be split into words: {error}") from error
    if not words:
        raise UsageError("PRIVATE_KEY_COMMAND is empty: it must be a command that signs")
    return words


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=False).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def _secrets(text: str | None) -> tuple[str, ...]:
    """The webhook secrets, separated by commas; all are valid, for rotation."""
    return tuple(part for part in (piece.strip() for piece in (text or "").split(",")) if part)


def _api_url(read: EnvironmentReader) -> str:
    """The address of the REST API: GITHUB_API_URL, or that of the server GHE_HOST."""
    url, host = read.text("GITHUB_API_URL"), read.text("GHE_HOST")
    if url and host:
        raise UsageError("GITHUB_API_URL and GHE_HOST are both set: set one of them")
    if host:
        return f"https://{host}/api/v3"
    if url is None:
        return "https://api.github.com"
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username:
        raise UsageError("GITHUB_API_URL must be an address such as https://HOST/api/v3")
    if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        # Without TLS, tokens would cross the network in clear text.
        raise UsageError("GITHUB_API_URL must begin with https:// unless it is on this machine")
    return url.rstrip("/")


def public_url(environ: Mapping[str, str] | None = None) -> str | None:
    """The public address of the service, None where it is not set. Raises UsageError."""
    return _public_url(EnvironmentReader(os.environ if environ is None else environ))


def _public_url(read: EnvironmentReader) -> str | None:
    """The address of the service's pages, without a slash at its end."""
    url = read.text("FAIRLEAD_URL")
    if url is None:
        return None
    parts = urlsplit(url)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme not in ({"https", "http"} if local else {"https"}) or not parts.hostname:
        raise UsageError("FAIRLEAD_URL must be an address such as https://fairlead.example.com")
    if parts.username or parts.query or parts.fragment:
        raise UsageError("FAIRLEAD_URL must have neither credentials nor a query")
    return url.rstrip("/")


def _database_url(read: EnvironmentReader) -> str | None:
    url = read.text("DATABASE_URL")
    if url is None:
        return None
    scheme = url.partition("://")[0]
    if scheme not in {"postgres", "postgresql"}:
        # The address may contain a password: show only its scheme.
        raise UsageError(
            f"DATABASE_URL begins with {scheme[:20]!r}: it must be postgresql://...; "
            "unset it to use the embedded queue in DATA_DIR"
        )
    return "postgresql://" + url.partition("://")[2]
