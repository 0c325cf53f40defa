"""The review: what the command line prints as JSON, and what the App publishes (DESIGN 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from hashlib import blake2b
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from bot.core.diff.model import Difference
from bot.core.engine.consent import NO_CONTENT, ConsentContent
from bot.core.finding import Graph, Severity, Side, Steps, Table
from bot.core.values import EMPTY, Value
from bot.records import dataclass

SCHEMA: Final = "fairlead.review/1"

Verdict: TypeAlias = Literal["pass", "blocked", "incomplete"]
ProblemKind: TypeAlias = Literal["unreadable", "unrendered", "unjudged", "rule-failed"]


@dataclass(frozen=True, slots=True)
class Location:
    """A line (1-based) on one side of the difference; None where only the file can be named."""

    path: str
    line: Annotated[int, msgspec.Meta(ge=1)] | None
    side: Side


@dataclass(frozen=True, slots=True)
class ResourceReference:
    """A resource by name; `namespace` is the effective one, None for cluster-scoped kinds."""

    group: str
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        """`Kind/namespace/name`, or `Kind/name` where there is no namespace."""
        parts = (self.kind, self.namespace, self.name)
        return "/".join(part for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class RelatedPlace:
    """A further location that a finding refers to."""

    location: Location | None
    message: str


@dataclass(frozen=True, slots=True)
class Details:
    """What a comment shows below its sentence."""

    tables: tuple[Table, ...] = ()
    steps: tuple[Steps, ...] = ()
    graphs: tuple[Graph, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """New text for the lines `start` to `end` (1-based, both included) of the finding's file."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class ReviewFinding:
    """One finding of a review. `blocks` is decided by the parent, from the policy alone.

    `moved` is `NAME OLD -> NEW` where a new version of a remote source causes the finding; the
    message begins with it as well.
    """

    rule: str
    severity: Severity
    message: str
    environments: tuple[str, ...]
    resource: ResourceReference | None
    location: Location | None
    fingerprint: str
    blocks: bool = False
    related: tuple[RelatedPlace, ...] = ()
    facts: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    details: Details = Details()
    suggestion: Suggestion | None = None
    moved: str = ""
    content: ConsentContent = NO_CONTENT


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that does not count, and why: the waiver or the approval."""

    finding: ReviewFinding
    because: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProblemSubject:
    """What could not be reviewed, and everything that it rests on.

    `name` stays the same from push to push: a root, a file, a rule. `inputs` identify the content
    at base and at head: content ids of files, values, digests of what was fetched. A problem
    without inputs cannot be accepted, since nothing would say when the approval ends.
    """

    name: str
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be reviewed. `new`: base could be looked at there, head cannot.

    `id` identifies it from push to push, as a fingerprint does a finding. `digest` identifies its
    inputs: an approval of the problem holds while both stay the same.
    """

    kind: ProblemKind
    new: bool
    location: Location | None
    message: str
    id: str = ""
    digest: str = ""

    @property
    def approvable(self) -> bool:
        """Whether somebody may accept it: only what has an id and known inputs."""
        return bool(self.id and self.digest)

    @property
    def stood_before(self) -> bool:
        """Whether base could not be reviewed there either."""
        return not self.new and self.kind != "rule-failed"


def problem_about(
    subject: ProblemSubject,
    kind: ProblemKind,
    location: Location | None,
    message: str,
    *,
    new: bool,
) -> Problem:
    """The problem that something could not be reviewed, with its id and its digest."""
    identity = blake2b(f"{kind}\0{subject.name}".encode(), digest_size=10).hexdigest()
    inputs = "\0".join(sorted(set(subject.inputs)))
    digest = blake2b(inputs.encode(), digest_size=16).hexdigest() if inputs else ""
    return Problem(kind, new, location, message, identity, digest)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many resources were added, changed and removed."""

    added: int = 0
    changed: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class ImageChange:
    """One container's image before and after; None where there was or is none."""

    resource: ResourceReference
    container: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class GrantCounts:
    """How many single grants a change adds and removes."""

    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True, order=True)
class RemovedGrants:
    """Grants of one subject in one scope that a change takes away, worded for people."""

    subject: str
    scope: str
    verbs: str
    resources: str


@dataclass(frozen=True, slots=True)
class RenderedRoots:
    """How many of the affected roots that need a renderer were rendered, and by what.

    `tools` name the programs with their versions; `sandbox` names what confined them, empty where
    that is not known.
    """

    rendered: int
    affected: int
    tools: tuple[str, ...] = ()
    sandbox: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Fetched:
    """One remote source that was requested.

    `digest` is the fetched commit or `sha256:...`; `message` says why nothing was fetched, or why
    what was fetched earlier stands for it. `passing`: the next attempt may succeed.
    """

    source: str
    version: str
    digest: str = ""
    message: str = ""
    passing: bool = False


@dataclass(frozen=True, slots=True)
class ObjectValidation:
    """How many changed objects were validated, and by which program.

    `tool` is empty where only the published schemas were compared.
    """

    objects: int
    tool: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was compared, in numbers. `change` is written `class` in JSON.

    `rendered` is None where no affected root needs a renderer. `fetched` lists the remote sources
    that were requested, and `retries` says whether and until when the failed ones are tried again.
    `removed_grants` are what `grants` counts as removed, up to a limit.
    """

    environments: int
    compared: int
    resources: Counts
    change: Literal["none", "images", "other"]
    images: tuple[ImageChange, ...] = ()
    grants: GrantCounts = GrantCounts()
    rendered: RenderedRoots | None = None
    fetched: tuple[Fetched, ...] = ()
    validation: ObjectValidation | None = None
    retries: str = ""
    removed_grants: tuple[RemovedGrants, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """The child process's answer: findings, problems and counts, without the decision.

    Its content is hostile until `bot.analysis.process.answers` has validated it.
    `difference` is None where nobody asked for it.
    """

    findings: tuple[ReviewFinding, ...]
    problems: tuple[Problem, ...]
    summary: Summary
    difference: Difference | None = None


@dataclass(frozen=True, slots=True)
class Lapsed:
    """An expired waiver that would have covered a finding."""

    fingerprint: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class AcceptedProblem:
    """A problem that people accepted unseen, and who did and why."""

    problem: Problem
    because: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EndedApproval:
    """An approval that holds no longer.

    `before` is the message that it was given for, empty where that is the same; `changed` are the
    fields that changed since. `authored`: the person has become an author of the change.
    `gave_back`: it was given while the change only gave back what had been applied lately.
    """

    by: str
    before: str = ""
    changed: tuple[str, ...] = ()
    authored: bool = False
    gave_back: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who may accept a blocking finding, and who already did.

    `owners` are written as in CODEOWNERS; nobody may where there are none. `missing` is how many
    people more it takes, `accepted_by` who accepted it so far. `meant`: the policy itself names who
    accepts findings of this rule, so that to wait for them is the ordinary way.
    """

    fingerprint: str
    environments: tuple[str, ...]
    owners: tuple[str, ...]
    missing: int
    accepted_by: tuple[str, ...] = ()
    meant: bool = False
    escalated: bool = False
    exhausted: bool = False
    ended: tuple[EndedApproval, ...] = ()


@dataclass(frozen=True, slots=True)
class Overridden:
    """A person lets the pull request through despite its findings, until this time in UTC."""

    by: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class Review:
    """An analysis and the decision about it. `base` and `head` are full commit ids or directories.

    `waiting`, `overridden` and `gives_back` are of a pull request; the command line knows none.
    `gives_back` is the commit of the default branch whose state the change gives back.
    `unattributed` is a commit of which nobody knows who pushed it: no approval counts.
    """

    verdict: Verdict
    base: str
    head: str
    findings: tuple[ReviewFinding, ...]
    suppressed: tuple[Suppressed, ...]
    problems: tuple[Problem, ...]
    summary: Summary
    lapsed: tuple[Lapsed, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    accepted: tuple[AcceptedProblem, ...] = ()
    overridden: Overridden | None = None
    difference: Difference | None = None
    gives_back: str = ""
    unattributed: str = ""
