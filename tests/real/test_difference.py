"""Nothing in which plain builds of both commits differ is missing from `fairlead diff`.

Every field that `fairlead diff` lists is taken out of the builds of both sides; what is left must
be equal. A value that differs between two builds of the same files must not be listed.
"""

from __future__ import annotations

import copy
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.cli.running import fairlead
from tests.real.clones import NEEDS_CLONES, clone_or_skip
from tests.real.plain_builds import (
    GONE,
    Body,
    Identity,
    Tools,
    build,
    checkout,
    rest,
    roots,
    take_out,
    varying,
)
from tests.tools import renderer_tools

_LISTED: Final = json.loads((Path(__file__).parent / "differences.json").read_text("utf-8"))
_LONGEST: Final = 200

pytestmark = [*NEEDS_CLONES]


@pytest.mark.parametrize("listed", _LISTED, ids=lambda item: str(item["repository"]))
def test_every_field_in_which_plain_builds_differ_is_listed(
    listed: Mapping[str, Any], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    clone = clone_or_skip(listed["repository"])
    tools = Tools(renderer_tools() / "kustomize", renderer_tools() / "helm")
    counts: Counter[str] = Counter()
    faults: list[str] = []
    for commit in listed["commits"]:
        folder = tmp_path / commit
        folder.mkdir()
        sides = [checkout(clone, f"{commit}{side}", folder / side) for side in ("^", "")]
        groups = _groups(clone, commit)
        counts["pairs"] += 1
        changed = _changed(clone, commit)
        for root in sorted(roots(sides[0], changed) | roots(sides[1], changed)):
            faults += [
                f"{commit[:9]} {root} {fault}"
                for fault in _compared(tools, [side / root for side in sides], groups, counts)
            ]

    record_property("counts", dict(counts))
    print(listed["repository"], dict(counts))  # noqa: T201 - shown by pytest -s and for what failed
    assert (faults, dict(counts)) == ([], listed["counts"])


def _changed(clone: Path, commit: str) -> Sequence[str]:
    words = [
        "git",
        "-C",
        str(clone),
        "diff",
        "--name-only",
        "--no-renames",
        "-z",
        f"{commit}^",
        commit,
    ]
    return subprocess.run(words, capture_output=True, check=True, text=True).stdout.split("\0")[:-1]


def _groups(clone: Path, commit: str) -> Mapping[Identity, Sequence[Body]]:
    """The groups of `fairlead diff` for a commit and its parent, by the resources they list."""
    ran = fairlead(
        *("diff", f"{commit}^", commit, "--repo", clone, "--no-fetch", "--format", "json")
    )
    assert ran.status in {0, 3}, ran.stderr
    groups: dict[Identity, list[Body]] = {}
    for group in json.loads(ran.stdout)["groups"]:
        for place in group["resources"]:
            groups.setdefault((place["group"], place["kind"], place["name"]), []).append(group)
    return groups


def _compared(
    tools: Tools,
    folders: Sequence[Path],
    groups: Mapping[Identity, Sequence[Body]],
    counts: Counter[str],
) -> Iterator[str]:
    """How the listed groups differ from the plain builds of one root at both commits."""
    first = [build(tools, folder) for folder in folders]
    if None in first:
        counts["unbuilt roots"] += 1
        return
    counts["roots"] += 1
    before, after = (resources or {} for resources in first)
    differing = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    again = [build(tools, folder) or {} for folder in folders] if differing else []
    for key in sorted(differing):
        old, new = copy.deepcopy((before.get(key), after.get(key)))
        volatile = {
            path
            for body, side in zip((old, new), again, strict=True)
            for path in varying(body, side.get(key))
        }
        for path in volatile:
            take_out(old, path)
            take_out(new, path)
        counts["volatile fields"] += len(volatile)
        if rest(old) == rest(new):
            continue
        counts["resources"] += 1
        yield from (
            f"{'/'.join(key)}: {fault}" for fault in _faults(old, new, groups.get(key, ()), counts)
        )


def _faults(
    before: Body | None, after: Body | None, groups: Sequence[Body], counts: Counter[str]
) -> Sequence[str]:
    """What the best of these groups gets wrong about a change; one is right in some environment."""
    change = "added" if before is None else "removed" if after is None else "changed"
    named = [group for group in groups if group["change"] == change]
    if not named:
        return [f"{change}, listed as {[group['change'] for group in groups]}"]
    if before is None or after is None:
        return []
    faults = [list(_misdescribed(*copy.deepcopy((before, after)), group)) for group in named]
    best = faults.index(min(faults, key=len))
    counts["fields"] += len(named[best]["fields"])
    counts["cut"] += bool(named[best]["omitted"])
    return faults[best]


def _misdescribed(before: Body, after: Body, group: Body) -> Iterator[str]:
    """The fields of a group that are not in the builds, and the first that the group lacks."""
    for field in group["fields"]:
        for side, body in (("before", before), ("after", after)):
            text, path = field[side], field["path"]
            if text is None:
                continue
            value = take_out(body, path)
            if value is GONE:
                yield f"{path} {side} is not in the build, or another build has another value"
            elif isinstance(value, str | int) and not _shows(text, value):
                yield f"{path} {side} is {text!r}, and {value!r} in the build"
    if not group["omitted"] and (left := list(varying(rest(before), rest(after)))):
        yield f"{left[0]} differs and is not listed"


def _shows(text: str, value: str | int) -> bool:
    """Whether a listed text is this value, as far as the text can tell.

    Hidden, long and many-line values are not shown whole, and Flux replaces variables.
    """
    plain = str(value).lower() if isinstance(value, bool) else str(value)
    whole = len(plain) <= _LONGEST and not any(mark in plain for mark in ("\n", "${"))
    return not whole or "(hidden)" in text or text.strip('"') == plain.strip('"')
