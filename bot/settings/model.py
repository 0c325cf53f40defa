"""The operator's settings as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.records import dataclass

if TYPE_CHECKING:
    from bot.fetch.accounts import Accounts


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
