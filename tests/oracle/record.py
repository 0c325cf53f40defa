"""The record of generated tables: hashes of each table and of the program that made it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.oracle import (
    custom_definitions,
    custom_kinds,
    limits,
    pod_security,
    roles,
    schemas,
    updates,
)
from tests.oracle.modules import KUBERNETES

RECORD: Final = Path("bot/kubernetes/data/oracle.json")
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Table:
    """A generated file, the files of its generator, the generator, and the releases it reads."""

    target: Path
    sources: tuple[str, ...]
    generate: Callable[[], bytes]
    releases: tuple[str, ...] = tuple(f"kubernetes {version}" for version in KUBERNETES.values())


_MODULES: Final = "tests/oracle/modules.py"
_PROGRAMS: Final = "tests/oracle/programs.py"
TABLES: Final = (
    Table(schemas.TARGET, (_MODULES, "tests/oracle/schemas.py"), schemas.generate),
    Table(
        custom_kinds.TARGET,
        (
            _MODULES,
            "tests/oracle/custom_kinds.py",
            "tests/oracle/flux_definitions.py",
        ),
        custom_kinds.generate,
        custom_kinds.RELEASES,
    ),
    Table(
        custom_definitions.TARGET,
        (
            _MODULES,
            "tests/oracle/custom_definitions.py",
            "tests/oracle/custom_kinds.py",
            "tests/oracle/flux_definitions.py",
        ),
        custom_definitions.generate,
        custom_definitions.RELEASES,
    ),
    Table(
        roles.TARGET,
        (_MODULES, _PROGRAMS, "tests/oracle/roles.py", str(roles.PROGRAM)),
        roles.generate,
    ),
    Table(
        pod_security.TARGET,
        (_MODULES, _PROGRAMS, "tests/oracle/pod_security.py", str(pod_security.PROGRAM)),
        pod_security.generate,
        pod_security.RELEASES,
    ),
    Table(
        limits.TARGET,
        (_MODULES, _PROGRAMS, "tests/oracle/limits.py", str(limits.PROGRAM)),
        limits.generate,
    ),
    Table(
        updates.TARGET,
        (
            *(_MODULES, _PROGRAMS, "tests/oracle/updates.py"),
            *map(str, (updates.OBJECTS, updates.PROGRAM, updates.CLAIMS)),
        ),
        updates.generate,
    ),
)


def regenerate(names: Collection[str] = ()) -> Iterator[Path]:
    """Write each table, or those of these file names, and the record; needs Go and a proxy."""
    for table in TABLES:
        if names and table.target.name not in names:
            continue
        (_ROOT / table.target).write_bytes(table.generate())
        yield table.target
    text = json.dumps(dict(current_record()), indent=2, sort_keys=True)
    (_ROOT / RECORD).write_text(text + "\n", encoding="utf-8")
    yield RECORD


def current_record() -> Mapping[str, Mapping[str, object]]:
    """What the record should say of the tables and generators as they are."""
    return MappingProxyType(
        {
            str(table.target): {
                "sha256": _digest(table.target),
                "generators": {source: _digest(Path(source)) for source in table.sources},
                "releases": list(table.releases),
            }
            for table in TABLES
        }
    )


def _digest(path: Path) -> str:
    return hashlib.sha256((_ROOT / path).read_bytes()).hexdigest()
