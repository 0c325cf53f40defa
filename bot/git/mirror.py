"""A bare mirror of a repository on GitHub, kept by the service."""

from __future__ import annotations

import fcntl
import os
import shutil
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import structlog

from bot.errors import GitError, RemoteGitError, UsageError
from bot.git.command import run
from bot.git.repository import Repository, is_object_id

log = structlog.get_logger()

_FETCH_SECONDS: Final = 600.0
DAY: Final = 86400.0

MOST_PACKS: Final = 16
"""With more packs than this, those of similar size are combined."""

MOST_LOOSE_REFS: Final = 32
"""With more files of refs than this, they are packed into one."""

MOST_COMMITS: Final = 200
"""How many fetched commits a mirror keeps; an older one is fetched again when it is needed."""

_USED: Final = "fairlead-used"
"""A directory in the mirror with an empty file for each commit, of the time of its last use."""

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
        """The mirror with these commits (by id) and refs (by full name) fetched.

        A commit that was fetched before costs no network. A damaged mirror is rebuilt. Raises
        RemoteGitError if GitHub lacks one of them or does not answer.
        """
        with self._locked():
            try:
                repository = self._fetched(url, refs, token)
            except (GitError, UsageError) as error:
                if not self._answers(url, token) or self._sound():
                    raise RemoteGitError(str(error)) from error
                self._discard(str(error))
                repository = self._fetched(url, refs, token)
            self._use(refs)
        return repository

    def mend(self, since: float) -> bool:
        """Discard the mirror if it is damaged, so that the next fetch rebuilds it.

        To be called when reading it failed. Returns whether it was damaged, or was discarded by
        another job after `since` (seconds since 1970). It checks every object, which takes minutes
        for a large repository.
        """
        with self._locked():
            head = self._path / "HEAD"
            if not head.is_file() or head.stat().st_mtime >= since:
                return True
            if self._sound():
                return False
            self._discard("an object cannot be read")
        return True

    def maintain(self, moment: datetime) -> None:
        """Pack what fetches left, and drop the commits that were not used for longest."""
        with self._locked():
            if not (self._path / "HEAD").is_file():
                return
            dropped = self._drop_refs()
            if len(list((self._path / "objects" / "pack").glob("*.pack"))) > MOST_PACKS:
                self._git("repack", "-d", "--geometric=2", "--quiet")
            if _count_files(self._path / "refs") > MOST_LOOSE_REFS:
                self._git("pack-refs", "--all", "--prune")
            stamp = self._path / _USED / "gc"
            if dropped and (not stamp.exists() or stamp.stat().st_mtime < moment.timestamp() - DAY):
                self._git("gc", "--quiet", "--cruft", "--prune=1.day.ago")
                stamp.touch()

    def _fetched(self, url: str, refs: Sequence[str], token: str | None) -> Repository:
        repository = self._repository()
        missing = [name for name in refs if not self._held(repository, name)]
        if missing:
            self._fetch(url, missing, token)
        return repository

    def _answers(self, url: str, token: str | None) -> bool:
        """Whether the remote repository can be listed: then a failed fetch may be our damage."""
        try:
            run(
                ["ls-remote", "--quiet", "--end-of-options", url, "HEAD"],
                protocols=self._protocols,
                extra={**self._surroundings, **_authorization(url, token)},
                seconds=self._seconds,
            )
        except GitError:
            return False
        return True

    def _sound(self) -> bool:
        """Whether every object can be read and none is missing."""
        tolerated = (part for name in _TOLERATED for part in ("-c", f"fsck.{name}=warn"))
        try:
            self._git("fsck", "--no-dangling", "--no-progress", options=tuple(tolerated))
        except GitError:
            return False
        return True

    def _discard(self, reason: str) -> None:
        """Move the mirror aside first: a reader of it fails at once, and not half-way."""
        log.warning("damaged mirror discarded", mirror=self._path.name, reason=reason)
        aside = self._path.with_name(f"{self._path.name}.damaged")
        shutil.rmtree(aside, ignore_errors=True)
        self._path.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)

    def _use(self, refs: Sequence[str]) -> None:
        """Record when a commit was last used, by the time of an empty file."""
        directory = self._path / _USED
        directory.mkdir(exist_ok=True)
        for name in filter(is_object_id, refs):
            (directory / name).touch()

    def _drop_refs(self) -> int:
        """Delete the refs of the commits that were not used for longest; how many."""
        listing = self._git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/fairlead/")
        used = {path.name: path.stat().st_mtime for path in (self._path / _USED).glob("*")}
        commits = sorted(listing.decode().split(), key=lambda name: used.get(name, 0.0))
        excess = commits[: max(0, len(commits) - MOST_COMMITS)]
        if excess:
            lines = "".join(f"delete {_kept(name)}\n" for name in excess)
            self._git("update-ref", "--stdin", data=lines.encode())
            for name in excess:
                (self._path / _USED / name).unlink(missing_ok=True)
        return len(excess)

    def _git(self, *command: str, options: Sequence[str] = (), data: bytes = b"") -> bytes:
        return run(
            [*options, f"--git-dir={self._path}", *command], seconds=_FETCH_SECONDS, data=data
        )

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


def _count_files(directory: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(directory))


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
        raise GitError("a URL to fetch from must not contain credentials")
    if token is None:
        return _NONE
    basic = b64encode(f"x-access-token:{token}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{parts.scheme}://{parts.netloc}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
    }
