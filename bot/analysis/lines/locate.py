"""Judged findings into located ones: routes become files and lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import Final, Protocol

from bot.analysis.lines.versions import Versions
from bot.analysis.manifests import LARGEST
from bot.core.engine.consent import (
    FACTS_ONLY,
    NO_CONTENT,
    ConsentContent,
    combined_content,
    file_content,
    resource_content,
)
from bot.core.engine.judge import Judged
from bot.core.engine.review import (
    Details,
    Location,
    Problem,
    ProblemSubject,
    RelatedPlace,
    ResourceReference,
    ReviewFinding,
    Suggestion,
    problem_about,
)
from bot.core.finding import FileLine, Finding, Fix, Graph, Side, Steps, Table
from bot.core.lines.suggest import suggest_fix
from bot.core.reading import line_of
from bot.core.resource import ListStep, Node, Resource, ResourceKey, ResourceSource, Route
from bot.core.states import Trouble
from bot.core.states.placements.linking import NO_LINKING, Entry, Linking
from bot.core.states.roots.fetched_files import zone
from bot.core.tree import Blobs, Tree
from bot.kubernetes.gitops.unknowns import without_placeholders
from bot.records import dataclass

_LONGEST_MESSAGE: Final = 4_000
_MOST_INPUTS: Final = 8


class LineResolver(Protocol):
    """Where a place of a resource that a renderer made stands in the files that people edit."""

    def place_of(self, node: Node, side: Side) -> Location | None:
        """The place of what stands at a node at head (`RIGHT`) or base (`LEFT`).

        None where no file of the two trees can be named.
        """

    def inputs_of(self, node: Node, side: Side) -> tuple[Location, ...]:
        """The changed files that it may come from, where its place is no changed line or file."""

    def suggestion(self, fix: Fix, path: str) -> Suggestion | None:
        """A fix as new text for a line of the file at `path` in head; None where not certain."""


@dataclass(frozen=True, slots=True)
class OriginFiles:
    """Names the file in which a resource begins, and no line: a patch may have made the field.

    What begins in a file from elsewhere stands where `versions` says that its version is written.
    """

    base: Tree
    head: Tree
    versions: Versions | None = None

    def place_of(self, node: Node, side: Side) -> Location | None:
        """The file that the resource comes from."""
        source = node.resource.source
        if zone(source.path):
            return self.versions.place(source.path, side) if self.versions is not None else None
        trees = {"LEFT": self.base, "RIGHT": self.head}
        for candidate in (side, _other(side)):
            if source.path in trees[candidate]:
                return Location(source.path, None, candidate)
        return None


@dataclass(slots=True)
class Locator:
    """Finds lines. `base` and `head` say which blobs are small enough to be looked at.

    `places` finds what stands in no file as it is; None for the origin's file. `versions` finds
    what stands in fetched files, `linking` the entries that take unchanged files in. `volatile` are
    the fields that change on every build, by resource.
    """

    blobs: Blobs
    base: Tree
    head: Tree
    places: LineResolver | None = None
    versions: Versions | None = None
    linking: Linking = NO_LINKING
    volatile: Mapping[ResourceKey, tuple[Route, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    _lines: dict[tuple[ResourceSource, tuple[int | str, ...]], int | None] = field(
        default_factory=dict
    )
    _contents: dict[str, bytes] = field(default_factory=dict)

    def finding(self, judged: Judged) -> ReviewFinding:
        """A finding as a review has it, in its one environment."""
        finding = judged.finding
        place = finding.node
        location = self._location(place, finding.side)
        moved = self._moved(place, location)
        return ReviewFinding(
            rule=judged.rule.id,
            severity=finding.severity or judged.rule.severity,
            message=_message(finding, moved),
            environments=() if finding.governance else (judged.environment,),
            resource=None if isinstance(place, FileLine) else _reference(place.resource),
            location=location,
            fingerprint=judged.fingerprint,
            related=(
                *(
                    RelatedPlace(self._location(other.node, "RIGHT"), other.message)
                    for other in finding.related
                ),
                *self._inputs(place, finding.side),
            ),
            facts=finding.facts,
            details=_details(finding),
            suggestion=self._suggestion(finding),
            moved=moved,
            content=self._content(judged),
        )

    def _content(self, judged: Judged) -> ConsentContent:
        """What an approval of the finding rests on, besides its message and facts."""
        place, paths = judged.finding.node, judged.rule.consent
        if not isinstance(place, FileLine):
            return resource_content(
                place.resource, paths, self.volatile.get(place.resource.key, ())
            )
        file = self._tree(judged.finding.side).get(place.path)
        return NO_CONTENT if file is None or paths == FACTS_ONLY else file_content(file.blob)

    def _moved(self, place: Node | FileLine, location: Location | None) -> str:
        """What moves where another version causes a finding, else empty."""
        if isinstance(place, FileLine) or self.versions is None:
            return ""
        return self.versions.moved(place.resource.source.root, location)

    def _inputs(self, place: Node | FileLine, side: Side) -> Iterator[RelatedPlace]:
        """The changed files of a root, for what none of them is known to cause alone."""
        if isinstance(place, FileLine) or self.places is None:
            return
        locations = self.places.inputs_of(place, side)
        for location in locations[:_MOST_INPUTS]:
            yield RelatedPlace(location, "changed, and what was rendered is made of it")
        remaining = len(locations) - _MOST_INPUTS
        if remaining > 0:
            yield RelatedPlace(None, f"{remaining:,} more changed files that it is made of")

    def _suggestion(self, finding: Finding) -> Suggestion | None:
        """The finding's fix, where it is certain and changes the finding's own file at head."""
        fix, place = finding.fix, finding.node
        if fix is None or isinstance(place, FileLine) or finding.side == "LEFT":
            return None
        source = fix.node.resource.source
        if source.root:
            location = self._location(place, finding.side)
            if self.places is None or location is None:
                return None
            return self.places.suggestion(fix, location.path)
        data = self._data(source) if source.path == place.resource.source.path else None
        return None if data is None else suggest_fix(data, fix)

    def place(self, node: Node, side: Side = "RIGHT") -> Location | None:
        """Where a node of a resource at head stands, or at base where `side` is LEFT."""
        return self._location(node, side)

    def problem(self, trouble: Trouble) -> Problem:
        """A problem with its line, where one can be given."""
        if trouble.path not in self._tree(trouble.side):
            there = self.versions and self.versions.place(trouble.path, trouble.side)
            return self._problem(trouble, there or self._file(trouble))
        line = None
        if trouble.source is not None and not trouble.source.root:
            line = self._line(trouble.source, trouble.route)
        location = Location(trouble.path, line, trouble.side)
        return self._problem(trouble, location)

    def _file(self, trouble: Trouble) -> Location | None:
        """The file of a problem on the side that has it; None where it is in neither tree."""
        sides = (trouble.side, _other(trouble.side))
        side = next((side for side in sides if trouble.path in self._tree(side)), None)
        return None if side is None else Location(trouble.path, None, side)

    @staticmethod
    def _problem(trouble: Trouble, location: Location | None) -> Problem:
        message = in_one_line(trouble.message)
        subject = trouble.subject or ProblemSubject(f"{trouble.path}\0{message}")
        return problem_about(subject, trouble.kind, location, message, new=trouble.new)

    def _location(
        self, place: Node | FileLine, side: Side, passed: frozenset[str] = frozenset()
    ) -> Location | None:
        """The place in a file; None for what no file of the two trees holds, as built-in roles.

        `passed` are the files whose entries led here: a declaration may apply its own file.
        """
        location = self._find(place, side, passed)
        if location is None or location.path not in self._tree(location.side):
            return None
        return location

    def _find(self, place: Node | FileLine, side: Side, passed: frozenset[str]) -> Location | None:
        if isinstance(place, FileLine):
            is_known = place.path in self._tree(side)
            return Location(place.path, place.line, side) if is_known else None
        source = place.resource.source
        entry = self._entry(source, side) if source.path not in passed else None
        if entry is not None:
            return self._location_of_entry(entry, side, passed | {source.path})
        if source.root:
            if self.places is not None:
                return self.places.place_of(place, side)
            return OriginFiles(self.base, self.head, self.versions).place_of(place, side)
        for candidate in (side, _other(side)):
            file = self._tree(candidate).get(source.path)
            if file is not None and file.blob == source.blob:
                return Location(source.path, self._line(source, place.route), candidate)
        return None

    def _entry(self, source: ResourceSource, side: Side) -> Entry | None:
        """The changed entry that takes an unchanged file in, or no longer does."""
        if source.path not in self.head or self.base.get(source.path) != self.head[source.path]:
            return None
        linking = self.linking
        return (linking.added if side == "RIGHT" else linking.removed)(source.path)

    def _location_of_entry(
        self, entry: Entry, side: Side, passed: frozenset[str]
    ) -> Location | None:
        if entry.node is not None:
            return self._location(entry.node, side, passed)
        return Location(entry.source.path, self._line(entry.source, entry.route), side)

    def _tree(self, side: Side) -> Tree:
        return self.base if side == "LEFT" else self.head

    def _line(self, source: ResourceSource, route: Route) -> int | None:
        # Items that are alike in a list are told apart by their index alone, which `==` leaves out.
        key = (source, tuple(step.index if isinstance(step, ListStep) else step for step in route))
        if key not in self._lines:
            data = self._data(source)
            self._lines[key] = None if data is None else line_of(data, source, route)
        return self._lines[key]

    def _data(self, source: ResourceSource) -> bytes | None:
        file = self.head.get(source.path)
        if file is None or file.blob != source.blob:
            file = self.base.get(source.path)
        if file is None or file.blob != source.blob or file.size > LARGEST:
            return None
        if source.blob not in self._contents:
            self._contents[source.blob] = self.blobs.data(source.blob)
        return self._contents[source.blob]


def _message(finding: Finding, moved: str) -> str:
    """Return a finding's sentence, with the version that causes it and its carrier."""
    node = finding.node
    nesting = None if isinstance(node, FileLine) else node.resource.source.nesting
    message = without_placeholders(f"{moved}: {finding.message}" if moved else finding.message)
    if nesting is None:
        return message
    taken = "" if nesting.known else ", where it is taken for a manifest"
    return f"{message} (inside {nesting.carrier}{taken})"


def in_one_line(text: str) -> str:
    """A sentence that may hold names of files and words of a renderer, without control signs."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)[:_LONGEST_MESSAGE]


def merged(unmerged: Iterable[ReviewFinding]) -> Iterator[ReviewFinding]:
    """The same finding at the same place in several environments as one that names them all."""
    findings: dict[object, list[ReviewFinding]] = {}
    for finding in unmerged:
        key = (finding.fingerprint, finding.location, finding.message, finding.severity)
        findings.setdefault(key, []).append(finding)
    for same in findings.values():
        names = sorted({name for finding in same for name in finding.environments})
        content = combined_content(finding.content for finding in same)
        yield replace(same[0], environments=tuple(names), content=content)


def _reference(resource: Resource) -> ResourceReference:
    key = resource.key
    return ResourceReference(key.group, key.kind, key.namespace, key.name)


def _other(side: Side) -> Side:
    return "LEFT" if side == "RIGHT" else "RIGHT"


def _details(finding: Finding) -> Details:
    return Details(
        tables=tuple(detail for detail in finding.details if isinstance(detail, Table)),
        steps=tuple(detail for detail in finding.details if isinstance(detail, Steps)),
        graphs=tuple(detail for detail in finding.details if isinstance(detail, Graph)),
    )
