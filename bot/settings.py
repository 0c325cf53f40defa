"""Environment variables -> Settings: the only reader of os.environ."""

from __future__ import annotations

import base64
import binascii
import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from bot.errors import UsageError
from bot.git.command import SURROUNDINGS
from bot.setup.credentials import read_credentials

if TYPE_CHECKING:
    from bot.fetch.accounts import Accounts

P = TypeVar("P")

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
TELEMETRY: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_SERVICE_NAME",
)
"""OpenTelemetry's own variables; its library reads more of them."""

LOG_FORMATS: Final = ("auto", "json", "text")


@dataclass(frozen=True, slots=True)
class SettingVariable:
    """One environment variable: its name, its default and its meaning."""

    name: str
    default: str
    meaning: str


VARIABLES: Final = (
    SettingVariable("APP_ID", "", "The App's id, from its page on GitHub."),
    SettingVariable(
        "CLIENT_ID", "", "The App's client id; may stand in for `APP_ID`, needed for sign-in."
    ),
    SettingVariable(
        "CLIENT_SECRET",
        "",
        "A client secret of the App. With it, `CLIENT_ID` and `FAIRLEAD_URL`, people sign in to "
        "see the pages of reviews.",
    ),
    SettingVariable(
        "PRIVATE_KEY",
        "",
        "The App's RSA key: PEM, PEM with `\\n` for line breaks, or base64 of PEM.",
    ),
    SettingVariable("PRIVATE_KEY_BASE64", "", "The key as base64 of PEM; set one of the two."),
    SettingVariable(
        "PRIVATE_KEY_COMMAND",
        "",
        "A command that signs instead of a key: see below.",
    ),
    SettingVariable(
        "WEBHOOK_SECRET",
        "",
        "The webhook's secret. Several, separated by commas, are all valid, for rotation.",
    ),
    SettingVariable(
        "GITHUB_API_URL", "`https://api.github.com`", "The address of GitHub's REST API."
    ),
    SettingVariable(
        "GHE_HOST",
        "",
        "The host of a GitHub Enterprise Server; same as `GITHUB_API_URL=https://HOST/api/v3`.",
    ),
    SettingVariable(
        "FAIRLEAD_URL",
        "",
        "The public address of this service, such as `https://fairlead.example.com`: checks and "
        "comments link to its pages. Without it they link to no page.",
    ),
    SettingVariable("HOST", "`127.0.0.1`", "The address to listen on; the image sets `0.0.0.0`."),
    SettingVariable("PORT", "`3000`", "The port to listen on; the image sets `8080`."),
    SettingVariable(
        "ADMIN_HOST",
        "`127.0.0.1`",
        "The address on which health and metrics are served; the image sets `0.0.0.0`.",
    ),
    SettingVariable(
        "ADMIN_PORT", "`3001`", "The port of health and metrics; the image sets `8081`."
    ),
    SettingVariable(
        "DATA_DIR", "`data`", "Queue, audit log, mirrors and caches; the image sets `/data`."
    ),
    SettingVariable(
        "DATABASE_URL", "", "`postgresql://...`: the database that several replicas share."
    ),
    SettingVariable(
        "LOG_LEVEL", "`info`", f"One of {', '.join(f'`{level}`' for level in LOG_LEVELS)}."
    ),
    SettingVariable(
        "LOG_FORMAT",
        "`auto`",
        "`json`, `text`, or `auto`: text on a terminal and JSON elsewhere.",
    ),
    SettingVariable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        "Where traces are sent by OTLP over HTTP; needs `pip install 'fairlead[otel]'`.",
    ),
    SettingVariable(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", "The whole address of the traces instead."
    ),
    SettingVariable("OTEL_SERVICE_NAME", "`fairlead`", "The name of the service in traces."),
    SettingVariable(
        "FAIRLEAD_TOOLS",
        "",
        "A directory that is searched first for kustomize and Helm; the image sets its own.",
    ),
    SettingVariable("FAIRLEAD_WORKERS", "`2`", "How many reviews run at once, 1 to 64."),
    SettingVariable("FAIRLEAD_JOB_SECONDS", "`300`", "Time limit of a review, 10 to 3600 seconds."),
    SettingVariable(
        "FAIRLEAD_ALLOW_NO_SANDBOX",
        "`false`",
        "`true` reviews pull requests even if the kernel lacks a part of the sandbox.",
    ),
    SettingVariable(
        "FAIRLEAD_FETCH",
        "`true`",
        "`false` disables fetching: remote bases and charts are reported as not reviewed.",
    ),
    SettingVariable(
        "FAIRLEAD_FETCH_HOSTS",
        "",
        "Hosts that may be fetched from besides those that base uses: `host`, `host:port`, "
        "`host/owner` or `http://host:port`, separated by commas.",
    ),
    SettingVariable(
        "FAIRLEAD_FETCH_AUTH",
        "",
        "Accounts for private registries and chart repositories: Docker's `config.json`. "
        "See below.",
    ),
    SettingVariable(
        "FAIRLEAD_FETCH_GIT_AUTH",
        "",
        "Accounts for private Git repositories: lines of `https://USER:PASSWORD@HOST/PATH`.",
    ),
    SettingVariable(
        "FAIRLEAD_FETCH_GRANTS",
        "",
        "Which repositories may use which accounts: `OWNER@HOST`, `OWNER/NAME@HOST/PATH` or "
        "`*@HOST`, separated by commas. Without it, the service uses no account.",
    ),
    *(
        SettingVariable(name, "", "Passed to git for its network access; not read from a file.")
        for name in SURROUNDINGS
    ),
)
"""Every variable, in the order of docs/running.md."""

_CHECKOUT: Final = Path(__file__).resolve().parents[1]
_YES: Final = ("1", "true", "yes", "on")
_NO: Final = ("", "0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Whether remote sources are fetched, from which additional hosts, and git's environment.

    `accounts` are those of private sources, with their grants.
    """

    enabled: bool = True
    hosts: tuple[str, ...] = ()
    accounts: Accounts | None = field(default=None, repr=False)
    surroundings: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """The operator's settings. Secrets are excluded from the repr, and so from logs."""

    app_id: str | None = None
    private_key: str | None = field(default=None, repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    github_api_url: str = "https://api.github.com"
    url: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int = 3000
    admin_host: str = "127.0.0.1"
    admin_port: int = 3001
    data_dir: Path = Path("data")
    database_url: str | None = field(default=None, repr=False)
    log_level: str = "info"
    log_format: str = "auto"
    workers: int = 2
    job_seconds: int = 300
    allow_no_sandbox: bool = False
    private_key_command: tuple[str, ...] = ()
    telemetry: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    surroundings: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    fetch: FetchSettings = field(default_factory=FetchSettings)

    @property
    def key(self) -> str | tuple[str, ...]:
        """The private key, or the words of the command that signs; empty if neither is set."""
        return self.private_key or self.private_key_command

    @property
    def unregistered(self) -> bool:
        """Whether no credential of an App is set: the set-up page has to create one."""
        return not (self.app_id or self.key or self.webhook_secrets)

    def missing(self) -> tuple[str, ...]:
        """The unset variables that the App needs to call GitHub."""
        required = {
            "APP_ID": self.app_id,
            "PRIVATE_KEY": self.key,
            "WEBHOOK_SECRET": self.webhook_secrets,
        }
        return tuple(name for name, value in required.items() if not value)


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in the environment. Raises UsageError naming the invalid variable."""
    read = _Reader(os.environ if environ is None else environ)
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
    from bot.fetch.addresses import AllowedHosts  # noqa: PLC0415 - not for --help

    read = _Reader(os.environ if environ is None else environ)
    entries = (part.strip() for part in (read.text("FAIRLEAD_FETCH_HOSTS") or "").split(","))
    try:
        allowed = AllowedHosts.parse(part for part in entries if part)
    except ValueError as error:
        raise UsageError(
            f"FAIRLEAD_FETCH_HOSTS names {str(error)!r}: each must be host, host:port, host/owner "
            "or http://host:port"
        ) from error
    return FetchSettings(
        enabled=read.flag("FAIRLEAD_FETCH", default=True),
        hosts=allowed.entries,
        accounts=_accounts(read),
        surroundings=_surroundings(read),
    )


def _accounts(read: _Reader) -> Accounts | None:
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


def _surroundings(read: _Reader) -> Mapping[str, str]:
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


def cache_directory(environ: Mapping[str, str] | None = None) -> Path | None:
    """The user's cache directory, None without a home directory.

    By the XDG base directories: https://specifications.freedesktop.org/basedir-spec/latest/.
    """
    configured = Path((os.environ if environ is None else environ).get("XDG_CACHE_HOME", ""))
    if configured.is_absolute():
        return configured / "fairlead"
    try:
        return Path.home() / ".cache" / "fairlead"
    except RuntimeError:
        return None


def tool_folders(environ: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """The directories searched for renderers before PATH; downloads go to the first of them.

    FAIRLEAD_TOOLS, `tools` in the data directory, `tools` in the user's cache, and `.tools` of a
    checkout of this project, unless FAIRLEAD_TOOLS names another folder.
    """
    read = _Reader(os.environ if environ is None else environ)
    configured, data, cache = (
        read.text("FAIRLEAD_TOOLS"),
        read.text("DATA_DIR"),
        cache_directory(environ),
    )
    return (
        *((Path(configured),) if configured else ()),
        *((Path(data) / "tools",) if data else ()),
        *((cache / "tools",) if cache else ()),
        *(() if configured else _checkout_tools()),
    )


def _checkout_tools() -> tuple[Path, ...]:
    """The folders that `make tools` built in a checkout of this project, the newest first."""
    if not (_CHECKOUT / "pyproject.toml").is_file():
        return ()
    folders = (path for path in (_CHECKOUT / ".tools").glob("*") if path.is_dir())
    return tuple(sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads variables; each can also be read from the file that NAME_FILE or NAME_PATH names."""

    environ: Mapping[str, str]

    def text(self, name: str) -> str | None:
        names = [key for key in (name, f"{name}_FILE", f"{name}_PATH") if self.environ.get(key)]
        if len(names) > 1:
            raise UsageError(f"{' and '.join(names)} are both set: set one of them")
        if not names:
            return None
        if names[0] == name:
            return self.environ[name].strip()
        return _content(names[0], Path(self.environ[names[0]]))

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
        # The path may be shown; the content may be a secret.
        raise UsageError(f"{name} names {str(path)!r}, which cannot be read as text") from error


def _private_key(read: _Reader) -> str | None:
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


def _command(read: _Reader) -> tuple[str, ...]:
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


def _api_url(read: _Reader) -> str:
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
    return _public_url(_Reader(os.environ if environ is None else environ))


def _public_url(read: _Reader) -> str | None:
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


def _database_url(read: _Reader) -> str | None:
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
