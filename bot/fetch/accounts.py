"""The operator's accounts on hosts of private sources, and which repositories may use them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from typing import Final, Literal, TypeAlias

from bot.core.fetching import ReferenceKind
from bot.fetch.addresses import ParsedAddress
from bot.records import dataclass

AccountService: TypeAlias = Literal["git", "web"]
"""`git`: Git repositories; `web`: registries, chart repositories and files."""

ANY_REPOSITORY: Final = "*"
_UNSAFE: Final = ("%", "\\", "//", "/./", "/../")


@dataclass(frozen=True, slots=True)
class FetchAccount:
    """An account for the addresses of one host below a path.

    `host` is the authority of `ParsedAddress`, `path` is empty or begins with `/`. `realm` is the
    host of the registry's token server where that is another one. With `is_token`, `secret` is a
    bearer token and `user` is empty.
    """

    service: AccountService
    host: str
    path: str
    user: str = ""
    secret: str = field(default="", repr=False)
    realm: str = ""
    is_token: bool = False

    @property
    def authorization(self) -> str:
        """The value of the `Authorization` header."""
        if self.is_token:
            return f"Bearer {self.secret}"
        return f"Basic {self._basic}"

    @property
    def scope(self) -> str:
        """What the account is for, without its secret; part of the key of stored sources."""
        return f"{self.service}\0{self.host}\0{self.path}\0{self.user}"

    def covers(self, address: ParsedAddress) -> bool:
        """Whether an address is on the account's host and below its path, by whole segments.

        An address whose path could be read in two ways is never covered.
        """
        path = address.path
        if any(text in f"{path}/" for text in _UNSAFE):
            return False
        return address.authority == self.host and is_below(path, self.path)

    def redacted(self, text: str) -> str:
        """A text without the secret, in whatever form the account sends it."""
        for secret in (self._basic, self.secret):
            text = text.replace(secret, "***") if secret else text
        return text

    @property
    def _basic(self) -> str:
        return b64encode(f"{self.user}:{self.secret}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Grant:
    """Repositories that may use the accounts of a host for the addresses below a path.

    `repositories` is `owner` or `owner/name` in small letters, or `*` for all.
    """

    repositories: str
    host: str
    path: str

    def applies_to(self, names: frozenset[str]) -> bool:
        """Whether a repository with these names (`owner/name`) is among the grant's."""
        owners = {name.partition("/")[0] for name in names}
        return self.repositories in {ANY_REPOSITORY, *names, *owners}


@dataclass(frozen=True, slots=True)
class Accounts:
    """Every account of the operator, and every grant."""

    accounts: tuple[FetchAccount, ...] = ()
    grants: tuple[Grant, ...] = ()

    def granted_to(self, repositories: Iterable[str]) -> tuple[FetchAccount, ...]:
        """The accounts that a repository with these addresses may use, narrowed to its grants."""
        names = frozenset(filter(None, map(repository_name, repositories)))
        return tuple(self._granted(names))

    def granted_to_all(self) -> Accounts:
        """The same accounts, which every repository may use."""
        grants = (Grant(ANY_REPOSITORY, account.host, account.path) for account in self.accounts)
        return replace(self, grants=tuple(dict.fromkeys(grants)))

    def without_grant(self) -> tuple[FetchAccount, ...]:
        """The accounts that no repository may use."""
        return tuple(
            account
            for account in self.accounts
            if not any(_common(account, grant) for grant in self.grants)
        )

    def _granted(self, names: frozenset[str]) -> Iterator[FetchAccount]:
        for grant in self.grants:
            if not grant.applies_to(names):
                continue
            for account in self.accounts:
                narrowed = _common(account, grant)
                if narrowed is not None:
                    yield narrowed


def account_for(
    kind: ReferenceKind, address: ParsedAddress, accounts: Iterable[FetchAccount]
) -> FetchAccount | None:
    """The account with the longest path that covers a source of this kind; None for anonymous."""
    service: AccountService = "git" if kind == "git" else "web"
    covering = [
        account for account in accounts if account.service == service and account.covers(address)
    ]
    return max(covering, key=lambda account: len(account.path), default=None)


def repository_name(address: str) -> str:
    """`owner/name` in small letters of a repository's address; empty for any other text."""
    path = address.partition("://")[2] or address.replace(":", "/", 1)
    segments = path.removesuffix("/").removesuffix(".git").lower().split("/")
    return "/".join(segments[-2:]) if len(segments) > 2 else ""


def is_below(path: str, prefix: str) -> bool:
    """Whether a path is a prefix's or below it, by whole segments. A final `.git` is optional."""
    return not prefix or f"{path}/".startswith(f"{prefix}/") or path == f"{prefix}.git"


def _common(account: FetchAccount, grant: Grant) -> FetchAccount | None:
    """The account with the longer of both paths; None where the paths are apart."""
    if account.host != grant.host:
        return None
    if is_below(grant.path, account.path):
        return replace(account, path=grant.path)
    return account if is_below(account.path, grant.path) else None
