"""What the data directory contains: what must be backed up, and what can be deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal, TypeAlias

Care: TypeAlias = Literal["back up", "delete while stopped"]


@dataclass(frozen=True, slots=True)
class DataEntry:
    """An entry of the data directory: a pattern of its name, its content, and its importance.

    `embedded`: it is there only without DATABASE_URL.
    """

    pattern: str
    content: str
    care: Care
    loss: str
    embedded: bool = False


DATA: Final = (
    DataEntry(
        "app.json",
        "The App's credentials, if the set-up page created it; mode 0600.",
        "back up",
        "the App has to be created again",
    ),
    DataEntry(
        "audit.sqlite*",
        "The audit log, from which approvals are read, and the reviews that the pages show.",
        "back up",
        "findings have to be approved again, and the history is gone",
        embedded=True,
    ),
    DataEntry(
        "audit.jsonl",
        "The audit log as lines of JSON, for log collectors; nothing reads it.",
        "back up",
        "a copy of the history is gone",
    ),
    DataEntry(
        "queue.sqlite*",
        "The queue: jobs, and the deliveries of the last 30 days.",
        "delete while stopped",
        "open pull requests without a concluded check are found at the next start",
        embedded=True,
    ),
    DataEntry("lock", "Empty; locked by the process.", "delete while stopped", "nothing"),
    DataEntry(
        "mirrors",
        "Bare mirrors of the repositories: as confidential as these.",
        "delete while stopped",
        "they are fetched again",
    ),
    DataEntry(
        "facts",
        "What was read from files and builds, by their content.",
        "delete while stopped",
        "the next reviews take longer",
    ),
    DataEntry(
        "fetched",
        "Remote bases and charts, at most 2 GiB.",
        "delete while stopped",
        "they are fetched again",
    ),
    DataEntry(
        "tools",
        "kustomize and Helm, if `fairlead tools fetch` stored them here.",
        "delete while stopped",
        "run `fairlead tools fetch` again",
    ),
)
"""Everything that Fairlead stores in DATA_DIR."""


def unknown(directory: Path) -> Iterator[str]:
    """The names in the data directory that are not Fairlead's."""
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        if not any(fnmatchcase(path.name, entry.pattern) for entry in DATA):
            yield path.name


def to_back_up(directory: Path) -> Iterator[str]:
    """The names in the data directory that must be backed up."""
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        for entry in DATA:
            if entry.care == "back up" and fnmatchcase(path.name, entry.pattern):
                yield path.name
