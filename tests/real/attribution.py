"""Where the changed fields of real commits are said to come from, in numbers.

`python -m tests.real.attribution` measures the commits of `attribution.json` anew and writes down
what it finds; `python -m tests.real.attribution REPOSITORY COUNT PATH...` shows the newest commits
that touch a path, with what comes of them, and what is found at no line.
`FAIRLEAD_REAL_REPOSITORIES` names the folder of bare clones.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha1, sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from bot.analysis.lines.attribution import Attribution
from bot.analysis.lines.reread_declarations import Redeclaring
from bot.analysis.lines.trials import value_in
from bot.analysis.lines.versions import Versions
from bot.analysis.manifests import ReadManifests
from bot.core.engine.review import Location
from bot.core.finding import Side
from bot.core.lines import leaves, line_diff, routes
from bot.core.policy.model import Policy
from bot.core.rendering import Build, Builder, BuildResult
from bot.core.resource import Node, Resource, ResourceKey, route_text
from bot.core.states import RenderedPair, States, states_of
from bot.core.states.roots.root import UPGRADE
from bot.core.tree import Blobs, File, Tree
from bot.core.values import Value
from bot.git import Repository
from bot.kubernetes.gitops import Declarations, RepositoryAddresses
from bot.render.renderers import Renderers
from tests.real.clones import clone_of
from tests.tools import renderer_binaries

RECORD: Final = Path(__file__).parent / "attribution.json"

MOST_FIELDS: Final = 12
"""How many fields of one commit are asked about: as many as a review of some findings would."""
MOST_CONFIRMED: Final = 1
"""Of how many exact lines of one commit it is seen that the field follows them."""

# What the rules look at: a field's kind is the first that its route fits.
_KINDS: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "image": r"(^|\.)image$",
        "rbac": r"^(rules|subjects|roleRef|aggregationRule)\b",
        "security": r"securityContext|hostPath|host(Network|PID|IPC|Port)|serviceAccount",
        "port": r"[pP]orts?\b|\.(nodePort|targetPort)$|^spec\.type$",
        "scale": r"replicas|resources\.(requests|limits)|(min|max)Available|maxSurge",
        "process": r"\.(args|command|env)\b",
        "mount": r"volume",
        "marking": r"^metadata\.(annotations|labels|namespace)|selector",
        "rest": r"",
    }.items()
}
_GIT_HUNK: Final = re.compile(r"(?m)^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")

Outcome: TypeAlias = Literal["line", "hunk", "file", "root"]
"""The changed line that carries the value; another changed line; a changed file; none of them."""
Tool: TypeAlias = Literal["kustomize", "helm"]
Counts: TypeAlias = dict[str, int]


@dataclass(frozen=True, slots=True)
class Changed:
    """A scalar of a rendered resource that base and head do not have in common."""

    root: str
    tool: Tool
    node: Node
    side: Side

    @property
    def mark(self) -> str:
        """What it is, whatever root it is of."""
        return f"{self.side} {self.node} {self.node.value!r}"

    @property
    def kind(self) -> str:
        """What it is about."""
        route = route_text(self.node.route)
        return next(name for name, pattern in _KINDS.items() if pattern.search(route))


@dataclass(slots=True)
class Measured:
    """Of one commit: how often each came out by tool, and what was seen of exact lines.

    `lines` counts those that hold when git's own hunk around them is put back and all is rendered
    anew (`held`), those that do not (`refuted`), and those where nothing can be rendered then
    (`unbuildable`). Of a file that one side alone has the value in the line is made another one
    there, as its whole is no hunk. `notes` say what came out of each field.
    """

    fields: dict[Tool, Counts] = field(default_factory=dict)
    lines: Counts = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Texts:
    """Contents of a repository, with some texts among them."""

    blobs: Blobs
    texts: dict[str, bytes] = field(default_factory=dict)

    def data(self, blob: str) -> bytes:
        """The content of a file. Raises KeyError where there is no such content."""
        return self.texts[blob] if blob in self.texts else self.blobs.data(blob)


@dataclass(frozen=True, slots=True)
class Once(Builder):
    """Builds each thing once."""

    builder: Builder
    made: dict[object, BuildResult] = field(default_factory=dict)

    def build(self, build: Build) -> BuildResult:
        """What comes of a build."""
        files, edits = (tuple(sorted(held.items())) for held in (build.files, build.edits))
        mark = (build.renderer, build.root, files, edits, build.release, build.again)
        if mark not in self.made:
            self.made[mark] = self.builder.build(build)
        return self.made[mark]


@dataclass(frozen=True, slots=True)
class World:
    """A commit and its parent."""

    clone: Path
    commits: tuple[str, str]
    base: Tree
    head: Tree
    blobs: Texts
    manifests: ReadManifests
    builder: Builder
    own: tuple[str, ...]

    def states(self, base: Tree, head: Tree) -> States:
        """What there is in two trees."""
        return states_of(
            base,
            head,
            self.manifests,
            Policy(),
            builder=self.builder,
            declare=Declarations(self.manifests, RepositoryAddresses.of(self.own)),
            addresses=self.own,
        )

    def attribution(self, states: States) -> Attribution:
        """The product's own."""
        declare = partial(Declarations, addresses=RepositoryAddresses.of(self.own))
        old, new = states.declaring
        return Attribution(
            Redeclaring(self.base, self.manifests, old, declare),
            Redeclaring(self.head, self.manifests, new, declare),
            states.rendered,
            self.builder,
            Versions(self.base, self.head, self.blobs, states.rendered),
        )

    def text(self, path: str, side: Side) -> str:
        """The text that a side has of a file, empty where it has none."""
        file = (self.base if side == "LEFT" else self.head).get(path)
        return "" if file is None else self.blobs.data(file.blob).decode("utf-8", "replace")


@contextmanager
def world(repository: str, commit: str) -> Iterator[World]:
    """A commit of a public repository beside its first parent."""
    place = clone_of(repository)
    git = Repository(place)
    old, new = git.resolve(f"{commit}^"), git.resolve(commit)
    with git.blobs() as held:
        blobs = Texts(held)
        own = (f"https://github.com/{repository}",)
        yield World(
            place,
            (old, new),
            git.tree(old),
            git.tree(new),
            blobs,
            ReadManifests(blobs),
            Once(Renderers(blobs, renderer_binaries())),
            own,
        )


def measured(repository: str, commit: str) -> Measured:
    """What comes of the fields of a commit that are asked about."""
    found = Measured()
    with world(repository, commit) as held:
        states = held.states(held.base, held.head)
        attribution = held.attribution(states)
        for asked in sampled(list(changed(states.rendered))):
            place = attribution.place_of(asked.node, asked.side)
            inputs = attribution.inputs_of(asked.node, asked.side)
            outcome: Outcome = "root" if inputs else _outcome(held, asked, place)
            _count(found.fields.setdefault(asked.tool, {}), outcome)
            found.notes.append(f"{outcome}: {asked.root} {asked.mark[:150]} -> {place}")
            if outcome == "line" and place and sum(found.lines.values()) < MOST_CONFIRMED:
                _count(found.lines, _confirmed(held, asked, place, states))
    return found


def sampled(found: Sequence[Changed]) -> list[Changed]:
    """Some of the fields, of each kind as many, chosen by nothing but their names."""
    groups: dict[str, list[Changed]] = {}
    once = {held.mark: held for held in found}
    for mark in sorted(once, key=lambda mark: sha256(mark.encode()).digest()):
        groups.setdefault(once[mark].kind, []).append(once[mark])
    rounds = zip_longest(*(groups[kind] for kind in sorted(groups)))
    return [held for row in rounds for held in row if held is not None][:MOST_FIELDS]


def changed(rendered: Mapping[str, RenderedPair]) -> Iterator[Changed]:
    """The scalars of rendered resources that differ; of those that head lacks, as base has them."""
    for name, root in sorted(rendered.items()):
        if name.startswith(f"{UPGRADE}:"):
            continue  # what it shares with the installation is counted there
        old = {held.key: held for held in root.old}
        new = {held.key: held for held in root.new}
        for held in root.new:
            yield from _differing(root, held, old, "RIGHT")
        for held in root.old:
            for found in _differing(root, held, new, "LEFT"):
                other = new.get(held.key)
                if other is None or routes.value_at(other.body, found.node.route) is None:
                    yield found


def _differing(
    root: RenderedPair, held: Resource, others: Mapping[ResourceKey, Resource], side: Side
) -> Iterator[Changed]:
    other = others.get(held.key)
    build = root.after or root.before
    if build is not None and (other is None or other.encoded != held.encoded):
        for node in leaves.changed_leaves(held, other):
            if node.value not in ("", (), {}):
                yield Changed(root.name, build.renderer, node, side)


def _outcome(held: World, asked: Changed, place: Location | None) -> Outcome:
    if place is None:
        return "root"
    if place.line is None:
        return "root" if held.base.get(place.path) == held.head.get(place.path) else "file"
    line = line_diff.line_at(held.text(place.path, place.side), place.line) or ""
    return "line" if _carries(line, asked.node.value) else "hunk"


def _carries(line: str, value: Value) -> bool:
    """Whether a line holds the value, or as its whole scalar a part of it."""
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    plain = _plain(line)
    return shown in line or (len(plain) > 1 and plain in shown)


def _plain(line: str) -> str:
    """The scalar of a line, without its quotes."""
    scalar = line.partition(" #")[0].partition(": ")[2] or line.strip().removeprefix("- ")
    return scalar.strip("\"' \n")


def _confirmed(held: World, asked: Changed, place: Location, states: States) -> str:
    """What comes of the field when its exact line is not what it is."""
    alone = (place.path in held.base) is not (place.path in held.head)
    data = (_altered(held, asked, place) if alone else _put_back(held, place)).encode()
    blob = sha1(data, usedforsecurity=False).hexdigest()
    held.blobs.texts[blob] = data
    side: Side = place.side if alone else "RIGHT"
    trees = {"LEFT": held.base, "RIGHT": held.head}
    trees[side] = {**trees[side], place.path: File("100644", blob, len(data))}
    again = held.states(trees["LEFT"], trees["RIGHT"])
    root, before = again.rendered.get(asked.root), states.rendered[asked.root]
    if root is None:
        # What is not affected any more is as base has it.
        return "held" if all(again.affected.values()) else "unbuildable"
    was, now = (it.old if side == "LEFT" else it.new for it in (before, root))
    key, route = asked.node.resource.key, asked.node.route
    return "held" if value_in(was, key, route) != value_in(now, key, route) else "refuted"


def _altered(held: World, asked: Changed, place: Location) -> str:
    """The text of a file with another value of the field, or of its part, in this line."""
    lines = held.text(place.path, place.side).split("\n")
    number = (place.line or 0) - 1
    value, line = asked.node.value, lines[(place.line or 0) - 1]
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    shown = shown if shown in line else _plain(line)
    other = str(not value).lower() if isinstance(value, bool) else f"{shown}1"
    lines[number] = line.replace(shown, other)
    return "\n".join(lines)


def _put_back(held: World, place: Location) -> str:
    """The text of head with the hunk around a line as base has it."""
    shown = subprocess.run(
        ["git", "-C", str(held.clone), "diff", "-U0", *held.commits, "--", place.path],
        capture_output=True,
        check=True,
    ).stdout.decode("utf-8", "replace")
    old, new = (held.text(place.path, side).split("\n") for side in ("LEFT", "RIGHT"))
    for match in _GIT_HUNK.finditer(shown):
        start, count, other, length = (1 if it is None else int(it) for it in match.groups())
        first, lines = (start, count) if place.side == "LEFT" else (other, length)
        if first <= (place.line or 0) < first + lines:
            # Of a hunk without lines git names the line before it.
            at = other - 1 if length else other
            new[at : at + length] = old[start - 1 : start - 1 + count] if count else []
            return "\n".join(new)
    raise AssertionError(f"{place} is no changed line")


def _count(counts: Counts, name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def totals(record: Sequence[Mapping[str, Any]]) -> Mapping[str, Counts]:
    """All fields of a record by tool, and all lines."""
    found: dict[str, Counts] = {}
    for held in record:
        for name, counts in (*held["fields"].items(), ("lines", held["lines"])):
            sums = found.setdefault(name, {})
            for outcome, number in counts.items():
                sums[outcome] = sums.get(outcome, 0) + number
    return found


def _show(repository: str, count: int, paths: Sequence[str]) -> None:
    command = ["git", "-C", str(clone_of(repository)), "log", "--first-parent", "--format=%H"]
    listed = subprocess.run(
        [*command, f"-{count}", "--", *paths], capture_output=True, check=True
    ).stdout.decode()
    for commit in listed.split():
        found = measured(repository, commit)
        print(commit, found.fields, found.lines, flush=True)  # noqa: T201 - a program
        for note in found.notes:
            if note.startswith(("file", "root")):
                print(f"  {note}", flush=True)  # noqa: T201 - a program


def _main(words: Sequence[str]) -> None:
    if words:
        _show(words[0], int(words[1]), words[2:])
        return
    record: list[dict[str, Any]] = json.loads(RECORD.read_text("utf-8"))
    for held in record:
        found = measured(held["repository"], held["commit"])
        held.update(fields=found.fields, lines=found.lines)
        RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        print(held["commit"], found.fields, found.lines, flush=True)  # noqa: T201 - a program
    print(json.dumps(totals(record), indent=2))  # noqa: T201 - a program


if __name__ == "__main__":
    _main(sys.argv[1:])
