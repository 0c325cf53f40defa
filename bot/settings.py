"""Environment variables -> Settings: the only reader of os.environ."""

from __future__ import annotations

import base64
import binascii
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from bot.errors import UsageError
from bot.git.command import SURROUNDINGS
from bot.setup.credentials import read_credentials

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
LOG_FORMATS: Final = ("json", "text")


@dataclass(frozen=True, slots=True)
class SettingVariable:
    """One environment variable: what it holds, and what holds where it is not set."""

    name: str
    default: str
    meaning: str


VARIABLES: Final = (
    SettingVariable("APP_ID", "", "The App's id, from its page on GitHub."),
    SettingVariable("CLIENT_ID", "", "The App's client id; may stand in for `APP_ID`."),
    SettingVariable(
        "PRIVATE_KEY",
        "",
        "The App's RSA key: PEM, PEM with `\\n` for line breaks, or base64 of PEM.",
    ),
    SettingVariable("PRIVATE_KEY_BASE64", "", "The same as base64 of PEM; one of the two."),
    SettingVariable(
        "PRIVATE_KEY_COMMAND",
        "",
        "A command that signs in place of a key: see below.",
    ),
    SettingVariable(
        "WEBHOOK_SECRET",
        "",
        "The webhook's secret. Several, separated by commas, are all valid while one is rotated.",
    ),
    SettingVariable(
        "GITHUB_API_URL", "`https://api.github.com`", "The address of GitHub's REST API."
    ),
    SettingVariable(
        "GHE_HOST",
        "",
        "The host of a GitHub Enterprise Server; stands for `https://HOST/api/v3`.",
    ),
    SettingVariable("HOST", "`127.0.0.1`", "The address to listen on; the image sets `0.0.0.0`."),
    SettingVariable("PORT", "`3000`", "The port to listen on; the image sets `8080`."),
    SettingVariable(
        "DATA_DIR", "`data`", "Queue, mirrors and what was read; the image sets `/data`."
    ),
    SettingVariable("DATABASE_URL", "", "`postgresql://...`: a queue that several replicas share."),
    SettingVariable(
        "LOG_LEVEL", "`info`", f"One of {', '.join(f'`{one}`' for one in LOG_LEVELS)}."
    ),
    SettingVariable(
        "LOG_FORMAT", "`json`", f"One of {', '.join(f'`{one}`' for one in LOG_FORMATS)}."
    ),
    SettingVariable(
        "FAIRLEAD_TOOLS",
        "",
        "A directory where kustomize and Helm are looked for first; the image sets its own.",
    ),
    SettingVariable("FAIRLEAD_WORKERS", "`2`", "How many reviews run at once, 1 to 64."),
    SettingVariable(
        "FAIRLEAD_JOB_SECONDS", "`300`", "When a review has failed, 10 to 3600 seconds."
    ),
    SettingVariable(
        "FAIRLEAD_ALLOW_NO_SANDBOX",
        "`false`",
        "`true` reads pull requests also where the kernel offers no whole sandbox.",
    ),
    SettingVariable(
        "FAIRLEAD_FETCH",
        "`true`",
        "`false` fetches nothing from elsewhere: remote bases and charts are named, never read.",
    ),
    SettingVariable(
        "FAIRLEAD_FETCH_HOSTS",
        "",
        "From where things are fetched beside what base uses: `host`, `host:port`, `host/owner` or "
        "`http://host:port`, separated by commas.",
    ),
    *(
        SettingVariable(
            name, "", "Handed to git, which reaches others by it; not read from a file."
        )
        for name in SURROUNDINGS
    ),
)
"""Every variable that is read, in the order in which docs/running.md shows them."""

_YES: Final = ("1", "true", "yes", "on")
_NO: Final = ("", "0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Whether things that lie elsewhere are fetched, from where beside what base uses, and how."""

    enabled: bool = True
    hosts: tuple[str, ...] = ()
    surroundings: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decides. Secrets stay out of the repr, and so out of logs."""

    app_id: str | None = None
    private_key: str | None = field(default=None, repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    github_api_url: str = "https://api.github.com"
    host: str = "127.0.0.1"
    port: int = 3000
    data_dir: Path = Path("data")
    database_url: str | None = field(default=None, repr=False)
    log_level: str = "info"
    log_format: str = "json"
    workers: int = 2
    job_seconds: int = 300
    allow_no_sandbox: bool = False
    private_key_command: tuple[str, ...] = ()
    surroundings: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    fetch: FetchSettings = field(default_factory=FetchSettings)

    @property
    def key(self) -> str | tuple[str, ...]:
        """What signs: the key, or the words of the command that has it; empty where neither is."""
        return self.private_key or self.private_key_command

    @property
    def unregistered(self) -> bool:
        """Whether nothing at all is known of an App: it is still to be made."""
        return not (self.app_id or self.key or self.webhook_secrets)

    def missing(self) -> tuple[str, ...]:
        """The variables without which the App cannot speak to GitHub."""
        wanted = {
            "APP_ID": self.app_id,
            "PRIVATE_KEY": self.key,
            "WEBHOOK_SECRET": self.webhook_secrets,
        }
        return tuple(name for name, value in wanted.items() if not value)


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that the environment states; raises UsageError naming the variable."""
    read = _Reader(os.environ if environ is None else environ)
    settings = Settings(
        app_id=read.text("APP_ID") or read.text("CLIENT_ID"),
        private_key=_private_key(read),
        private_key_command=_command(read),
        webhook_secrets=_secrets(read.text("WEBHOOK_SECRET")),
        github_api_url=_api_url(read),
        host=read.text("HOST") or "127.0.0.1",
        port=read.number("PORT", 3000, 0, 65535),
        data_dir=Path(read.text("DATA_DIR") or "data"),
        database_url=_database_url(read),
        log_level=read.choice("LOG_LEVEL", LOG_LEVELS, "info"),
        log_format=read.choice("LOG_FORMAT", LOG_FORMATS, "json"),
        workers=read.number("FAIRLEAD_WORKERS", 2, 1, 64),
        job_seconds=read.number("FAIRLEAD_JOB_SECONDS", 300, 10, 3600),
        allow_no_sandbox=read.flag("FAIRLEAD_ALLOW_NO_SANDBOX"),
        surroundings=_surroundings(read),
        fetch=read_fetch_settings(read.environ),
    )
    return _with_stored(settings) if settings.unregistered else settings


def read_fetch_settings(environ: Mapping[str, str] | None = None) -> FetchSettings:
    """The settings about what lies elsewhere; raises UsageError naming the variable."""
    from bot.fetch.addresses import AllowedHosts  # noqa: PLC0415 - not for --help

    read = _Reader(os.environ if environ is None else environ)
    stated = (part.strip() for part in (read.text("FAIRLEAD_FETCH_HOSTS") or "").split(","))
    try:
        named = AllowedHosts.parse(part for part in stated if part)
    except ValueError as error:
        raise UsageError(
            f"FAIRLEAD_FETCH_HOSTS names {str(error)!r}: each must be host, host:port, host/owner "
            "or http://host:port"
        ) from error
    return FetchSettings(
        enabled=read.flag("FAIRLEAD_FETCH", default=True),
        hosts=named.entries,
        surroundings=_surroundings(read),
    )


def _surroundings(read: _Reader) -> Mapping[str, str]:
    return {name: value for name in SURROUNDINGS if (value := read.environ.get(name))}


def _with_stored(settings: Settings) -> Settings:
    """The settings with the credentials that the set-up page stored, if it did."""
    held = read_credentials(settings.data_dir)
    if held is None:
        return settings
    return replace(
        settings,
        app_id=held.app_id,
        private_key=held.private_key,
        webhook_secrets=(held.webhook_secret,),
    )


def cache_directory(environ: Mapping[str, str] | None = None) -> Path | None:
    """Where what was read is kept for the next time, None where there is no home.

    By the XDG base directories: https://specifications.freedesktop.org/basedir-spec/latest/.
    """
    stated = Path((os.environ if environ is None else environ).get("XDG_CACHE_HOME", ""))
    if stated.is_absolute():
        return stated / "fairlead"
    try:
        return Path.home() / ".cache" / "fairlead"
    except RuntimeError:
        return None


def tool_folders(environ: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """Where renderers are looked for before the PATH; they are brought to the first of these.

    What the operator names, what is beside the service's data, what is in a person's own cache.
    """
    read = _Reader(os.environ if environ is None else environ)
    named, data, cache = (
        read.text("FAIRLEAD_TOOLS"),
        read.text("DATA_DIR"),
        cache_directory(environ),
    )
    return (
        *((Path(named),) if named else ()),
        *((Path(data) / "tools",) if data else ()),
        *((cache / "tools",) if cache else ()),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """One variable at a time, each also from the file that NAME_FILE or NAME_PATH names."""

    environ: Mapping[str, str]

    def text(self, name: str) -> str | None:
        given = [key for key in (name, f"{name}_FILE", f"{name}_PATH") if self.environ.get(key)]
        if len(given) > 1:
            raise UsageError(f"{' and '.join(given)} are both set: set one of them")
        if not given:
            return None
        if given[0] == name:
            return self.environ[name].strip()
        return _content(given[0], Path(self.environ[given[0]]))

    def number(self, name: str, default: int, low: int, high: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit()) or not low <= int(text[:9]) <= high:
            raise UsageError(f"{name} is {text!r}: it must be a number from {low} to {high}")
        return int(text)

    def choice(self, name: str, legal: tuple[str, ...], default: str) -> str:
        text = (self.text(name) or default).lower()
        if text not in legal:
            raise UsageError(f"{name} is {text!r}: it must be one of {', '.join(legal)}")
        return text

    def flag(self, name: str, *, default: bool = False) -> bool:
        text = (self.text(name) or ("true" if default else "")).lower()
        if text not in _YES + _NO:
            legal = ", ".join(value for value in _YES + _NO if value)
            raise UsageError(f"{name} is {text!r}: it must be one of {legal}")
        return text in _YES


def _content(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        # The path is the operator's own; the content would be a secret.
        raise UsageError(f"{name} names {str(path)!r}, which cannot be read as text") from error


def _private_key(read: _Reader) -> str | None:
    """The key as PEM; given as it is, with escaped line breaks, or as base64 of the PEM."""
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
        raise UsageError("PRIVATE_KEY is no private key: it must be PEM text or base64 of it")
    return text


def _command(read: _Reader) -> tuple[str, ...]:
    """The words of the command that signs, split as a shell would; none of them is expanded."""
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
        raise UsageError("PRIVATE_KEY_COMMAND has no words: it must be a command that signs")
    return words


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=False).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def _secrets(text: str | None) -> tuple[str, ...]:
    """The webhook secrets; several, separated by commas, are all valid while one is rotated."""
    return tuple(part for part in (piece.strip() for piece in (text or "").split(",")) if part)


def _api_url(read: _Reader) -> str:
    """The REST address: GITHUB_API_URL, else that of the GitHub Enterprise Server GHE_HOST."""
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
        # Tokens would cross the network in clear text.
        raise UsageError("GITHUB_API_URL must begin with https:// unless it is on this machine")
    return url.rstrip("/")


def _database_url(read: _Reader) -> str | None:
    url = read.text("DATABASE_URL")
    if url is None:
        return None
    scheme = url.partition("://")[0]
    if scheme not in {"postgres", "postgresql"}:
        # The address may hold a password: only its scheme is shown.
        raise UsageError(
            f"DATABASE_URL begins with {scheme[:20]!r}: it must be postgresql://...; "
            "leave it out for the embedded queue in DATA_DIR"
        )
    return "postgresql://" + url.partition("://")[2]
