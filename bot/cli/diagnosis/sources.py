"""The part of `fairlead doctor` that fetches the remote sources of a default branch."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.analysis.process.start import fork
from bot.analysis.review import review_trees
from bot.cli.comparison import open_sides
from bot.cli.diagnosis.diagnosis import Diagnosis, ok, problem
from bot.cli.repository_options import fetching_by
from bot.core.engine.review import Fetched
from bot.core.policy.model import Policy
from bot.settings import Settings

_SUBJECT = "sources"


def look_at_sources(settings: Settings, clone: Path, repository: str | None) -> Iterator[Diagnosis]:
    """A line for each host that the default branch of a clone fetches from.

    `repository` is `OWNER/NAME`, which decides about accounts; None for the clone's own remotes.
    Nothing is taken from the store, so that each host is really contacted.
    """
    if not settings.fetch.enabled:
        yield ok(_SUBJECT, "not checked: FAIRLEAD_FETCH is off")
        return
    entries = _fetched(settings, clone, repository)
    if not entries:
        yield ok(_SUBJECT, "the default branch fetches nothing at an exact version")
    for host, sources in _by_host(entries).items():
        failed = [entry for entry in sources if entry.message]
        if not failed:
            yield ok(_SUBJECT, f"{host}: {len(sources)} fetched")
            continue
        first = failed[0]
        yield problem(
            _SUBJECT,
            f"{host}: {len(failed)} of {len(sources)} cannot be fetched, such as {first.source} "
            f"{first.version}: {first.message}",
            "check FAIRLEAD_FETCH_HOSTS, the accounts and their grants, the proxy, and the "
            "firewall (docs/running.md)",
        )


def _fetched(settings: Settings, clone: Path, repository: str | None) -> tuple[Fetched, ...]:
    """What came of each source that a removal of the whole branch would concern."""
    commit = _default_branch(clone)
    with tempfile.TemporaryDirectory(prefix="fairlead-doctor-") as folder:
        confined = not settings.allow_no_sandbox
        fetching = fetching_by(settings.fetch, Path(folder), confined=confined)
        with open_sides(commit, commit, clone) as sides:
            names = sides.repositories
            if repository is not None:
                names = (f"https://github.com/{repository}",)
            options = AnalysisOptions(
                rules=(), start=fork, fetching=fetching, repositories=names, tenant=str(clone)
            )
            nothing = ComparedTree({}, sides.base.blobs, "nothing")
            review = review_trees(sides.base, nothing, Policy(), date.min, options)
    return review.summary.fetched


def _default_branch(clone: Path) -> str:
    """The remote's default branch where the clone knows it, else HEAD."""
    done = subprocess.run(  # noqa: S603 - git in the user's own clone
        ["git", "-C", str(clone), "rev-parse", "--verify", "--quiet", "origin/HEAD"],  # noqa: S607 - the user's git
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "HEAD"


def _by_host(entries: tuple[Fetched, ...]) -> Mapping[str, list[Fetched]]:
    hosts: dict[str, list[Fetched]] = {}
    for entry in entries:
        hosts.setdefault(entry.source.partition("/")[0], []).append(entry)
    return dict(sorted(hosts.items()))
