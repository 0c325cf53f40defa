"""Accounts, Apps and their installations, with the tokens by which they act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

Permissions = dict[str, str]


@dataclass(slots=True, eq=False)
class Account:
    """A user, an organisation, or an App's bot."""

    id: int
    login: str
    type: str = "User"


def no_reply(login: str) -> str:
    """The address by which GitHub attributes commits to who had this login first."""
    return f"{login}@users.noreply.github.invalid"


@dataclass(slots=True, eq=False)
class App:
    """A GitHub App, with the private key that GitHub shows only once."""

    id: int
    slug: str
    name: str
    client_id: str
    owner: Account
    bot: Account
    private_key: str
    public_key: str
    webhook_secret: str
    webhook_url: str | None
    hook_id: int
    permissions: Permissions
    events: list[str]
    created_at: datetime
    webhook_content_type: str = "json"
    webhook_insecure_ssl: str = "0"
    client_secret: str = ""
    external_url: str = ""
    callback_urls: tuple[str, ...] = ("",)


@dataclass(slots=True, eq=False)
class Installation:
    """An App on some repositories of one account, with what it may do there."""

    id: int
    app: App
    account: Account
    repository_ids: set[int]
    permissions: Permissions
    created_at: datetime
    suspended_at: datetime | None = None


@dataclass(slots=True, eq=False)
class Token:
    """An installation's token: what it may do, on which repositories, and until when."""

    text: str
    installation: Installation
    permissions: Permissions
    repository_ids: set[int] | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PendingCode:
    """A code of a person who let an App act for them, and what it may be exchanged with."""

    app: App
    person: Account
    back: str
    challenge: str
    until: datetime


@dataclass(frozen=True, slots=True)
class UserToken:
    """A token by which an App acts for a person."""

    app: App
    person: Account
    until: datetime
