"""A bare mirror of a repository on GitHub, kept by the service."""

from __future__ import annotations

import fcntl
import os
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from bot.errors import GitError
from bot.git.command import run
from bot.git.repository import Repository, is_object_id

_FETCH_SECONDS: Final = 600.0
_NONE: Final[Mapping[str, str]] = MappingProxyType({})

# What old and harmless commits of many repositories have; everything else that fsck knows refuses
# the fetch. https://git-scm.com/docs/git-fsck#_fsck_messages
_TOLERATED: Final = ("zeroPaddedFilemode", "badTimezone", "missingSpaceBeforeDate")

STRICT: Final = (
    "fetch.fsckObjects=true",
    *(f"fetch.fsck.{name}=warn" for name in _TOLERATED),
    "fetch.unpackLimit=1",
)
"""How what is fetched is looked at, and that it stays the pack that it came as."""


class Mirror:
    """One bare mirror, without filter and without checkout, below the service's data directory.

    `protocols` are those that git may speak; `surroundings` are variables that its transport
    needs, such as a proxy or a certificate file; `seconds` is how long a fetch may take.
    """

    def __init__(
        self,
        path: Path,
        *,
        protocols: Sequence[str] = ("https",),
        surroundings: Mapping[str, str] = _NONE,
        seconds: float = _FETCH_SECONDS,
    ) -> None:
        self._path = path
        self._seconds = seconds
        self._protocols = tuple(protocols)
        self._surroundings = surroundings

    def fetch(self, url: str, refs: Sequence[str], token: str | None = None) -> Repository:
        """The mirror with these commits (by id) and refs (by full name) brought in.

        A commit that is here already costs no network. Raises GitError where GitHub has one not.
        """
        with self._locked():
            repository = self._repository()
            missing = [name for name in refs if not self._held(repository, name)]
            if missing:
                self._fetch(url, missing, token)
        return repository

    def repack(self) -> None:
        """Pack what many fetches have left lying about; for a janitor, not for a job."""
        with self._locked():
            self._repository()
            run([f"--git-dir={self._path}", "gc", "--quiet"], seconds=_FETCH_SECONDS)

    def _fetch(self, url: str, refs: Sequence[str], token: str | None) -> None:
        run(
            [
                *(part for flag in STRICT for part in ("-c", flag)),
                f"--git-dir={self._path}",
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-recurse-submodules",
                "--no-auto-maintenance",
                "--refmap=",
                "--end-of-options",
                url,
                *map(_refspec, refs),
            ],
            protocols=self._protocols,
            extra={**self._surroundings, **_authorization(url, token)},
            seconds=self._seconds,
        )

    def _repository(self) -> Repository:
        if not (self._path / "HEAD").is_file():
            run(["init", "--quiet", "--bare", "--template=", str(self._path)])
        return Repository(self._path)

    @staticmethod
    def _held(repository: Repository, name: str) -> bool:
        """Whether a commit was fetched before: only then its whole history is here, too."""
        return is_object_id(name) and repository.has(name) and repository.has(_kept(name))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone with this mirror, among all processes of this machine."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _kept(commit: str) -> str:
    """The ref that keeps a fetched commit from being pruned."""
    return f"refs/fairlead/{commit}"


def _refspec(name: str) -> str:
    if is_object_id(name):
        return f"{name}:{_kept(name)}"
    if not name.startswith("refs/") or ":" in name:
        raise GitError(f"{name!r} is neither a full commit id nor a full ref name")
    return f"+{name}:{name}"


def _authorization(url: str, token: str | None) -> Mapping[str, str]:
    """The token as configuration in the environment: never in an argument, a URL or a file."""
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise GitError("a URL to fetch from must not hold credentials")
    if token is None:
        return _NONE
    basic = b64encode(f"x-access-token:{token}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{parts.scheme}://{parts.netloc}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
    }
