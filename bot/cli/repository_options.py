"""The options that say what a command reads: which repository, which policy, whether it fetches.

`@repository_options("repo", "policy")` adds these options to a command, which receives their
values as one `RepositoryOptions` argument named `where`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

import click

from bot.errors import UsageError
from bot.records import dataclass
from bot.settings import FetchSettings, read_fetch_settings

if TYPE_CHECKING:
    from bot.analysis.process.fetch_requests import FetchedContents, Fetches
    from bot.cli.comparison import Sides
    from bot.core.fetching import FetchResult, SourceReference
    from bot.core.policy.model import Policy
    from bot.fetch import Fetching

C = TypeVar("C", bound=Callable[..., Any])

OptionName: TypeAlias = Literal["repo", "policy", "organisation", "branch", "no_fetch"]

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER: Final = click.Path(exists=True, file_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class RepositoryOptions:
    """The values of these options; an option that a command does not have keeps its default."""

    repo: Path = Path()
    policy: Path | None = None
    organisation: Path | None = None
    branch: str | None = None
    no_fetch: bool = False

    @property
    def tenant(self) -> str:
        """The name under which caches keep what belongs to this repository."""
        return str(self.repo.resolve())

    def policy_for(self, sides: Sides) -> Policy:
        """The policy for this comparison. Raises PolicyError where a file is invalid."""
        from bot.core.policy.model import Policy  # noqa: PLC0415 - not for --help

        if self.policy is None and self.organisation is None and not (sides.policy or b"").strip():
            return Policy()
        # The YAML reader and the validator take longer to import than many reviews to make.
        from bot.cli.policies import read_policy  # noqa: PLC0415 - only where a policy is set

        branch = self.branch or sides.branch
        return read_policy(self.policy, sides.policy, branch, self.organisation)

    def fetching(self, cache: Path | None) -> Fetches | None:
        """How remote sources are fetched, by the environment; None where nothing is fetched.

        Without grants, the accounts of the person at the command line are for every repository.
        """
        if self.no_fetch:
            return None
        settings = read_fetch_settings()
        if settings.accounts is not None and not settings.accounts.grants:
            settings = replace(settings, accounts=settings.accounts.granted_to_all())
        return _FetchingOnDemand(settings, cache) if settings.enabled else None


@dataclass(frozen=True, slots=True)
class _FetchingOnDemand:
    """`fetching_by` for a person, imported where something is fetched: most reviews need none."""

    settings: FetchSettings
    folder: Path | None

    @property
    def enabled(self) -> bool:
        return True

    def session(
        self, owners: frozenset[str], repositories: tuple[str, ...] = ()
    ) -> AbstractContextManager[FetchedContents]:
        return _SessionOnDemand(lambda: self._fetching().session(owners, repositories))

    def from_store(self) -> Fetches:
        return self._fetching().from_store()

    def _fetching(self) -> Fetching:
        fetching = fetching_by(self.settings, self.folder, confined=True)
        if fetching is None:
            raise UsageError("fetching is disabled here")
        return fetching


class _SessionOnDemand(ExitStack):
    """A session that is opened when the first source is fetched."""

    def __init__(self, open_: Callable[[], AbstractContextManager[FetchedContents]]) -> None:
        super().__init__()
        self._open = open_
        self._session: FetchedContents | None = None

    def fetch(self, references: Sequence[SourceReference]) -> Sequence[FetchResult]:
        if self._session is None:
            self._session = self.enter_context(self._open())
        return self._session.fetch(references)

    def data(self, blob: str) -> bytes:
        if self._session is None:
            raise KeyError(blob)
        return self._session.data(blob)


def repository_options(*names: OptionName, policy_of: str = "the commit") -> Callable[[C], C]:
    """A decorator that adds these options in this order.

    `policy_of` says in the help whose policy file is read where `--policy` is not given.
    """
    options: Mapping[OptionName, Callable[[C], C]] = MappingProxyType(
        {
            "repo": click.option(
                "--repo",
                type=_FOLDER,
                default=".",
                show_default="here",
                help="Repository that contains the commits.",
            ),
            "policy": click.option(
                "--policy",
                type=_FILE,
                help=f"Policy file. Default: .github/fairlead.yml of {policy_of}.",
            ),
            "organisation": click.option(
                "--organisation",
                type=_FILE,
                metavar="FILE",
                help="The organisation's policy file, which the repository's policy builds on.",
            ),
            "branch": click.option(
                "--branch",
                metavar="NAME",
                help="Target branch for branch-specific policy. Default: the branch named by BASE.",
            ),
            "no_fetch": click.option(
                "--no-fetch",
                is_flag=True,
                help="Do not fetch remote bases and charts; report that they were not read.",
            ),
        }
    )

    def decorate(command: C) -> C:
        @wraps(command)
        def with_options(*args: Any, **kwargs: Any) -> Any:
            values = {name: kwargs.pop(name) for name in names}
            return command(*args, where=RepositoryOptions(**values), **kwargs)

        decorated: Any = with_options
        for name in reversed(names):
            decorated = options[name](decorated)
        result: C = decorated
        return result

    return decorate


def fetching_by(settings: FetchSettings, folder: Path | None, *, confined: bool) -> Fetching | None:
    """Fetching by these settings, with results kept below `folder`; None where it is disabled.

    `confined`: refuse to fetch without a complete sandbox.
    """
    from bot.fetch import Accounts, Fetching  # noqa: PLC0415 - not for --help

    if not settings.enabled:
        return None
    return Fetching(
        store=None if folder is None else folder / "fetched",
        enabled=True,
        hosts=settings.hosts,
        surroundings=settings.surroundings,
        confined=confined,
        accounts=settings.accounts or Accounts(),
    )
