"""A small GitHub with one repository, and the service that reviews its pull requests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.core.engine.decide import decide
from bot.core.engine.review import Analysis, Counts, Location, Review, ReviewFinding, Summary
from bot.core.finding import Severity
from bot.core.policy.model import Policy
from bot.github.auth import Gateway
from bot.github.tasks import Announcement, Done, Job, Task
from bot.service import Service
from bot.standin import StandIn
from bot.standin.accounts import App, Installation
from bot.standin.repositories import ReviewComment, StandInCheckRun, StandInPullRequest
from bot.standin.repositories import StandInRepository as Repo
from tests.patience import PATIENCE

SECONDS = PATIENCE
TODAY = date(2026, 11, 20)
GOOD = "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: one\ndata:\n  a: good\n"
BAD = GOOD.replace("good", "bad")
LONG = "# a line that stays\n" * 40 + GOOD


@dataclass
class LineAnalyser:
    """An analysis whose findings a test chooses by its manifests: lines that newly say `bad`.

    `failures` are raised first, one a run. `policies` are those that it was given.
    """

    failures: list[Exception] = field(default_factory=list)
    policies: list[Policy] = field(default_factory=list)
    everywhere: bool = False
    environment: str = "default"

    def __call__(
        self,
        base: ComparedTree,
        head: ComparedTree,
        policy: Policy,
        today: date,
        options: AnalysisOptions,
        /,
    ) -> Review:
        assert options.limits.wall <= SECONDS
        self.policies.append(policy)
        if self.failures:
            raise self.failures.pop(0)
        before, after = _bad_lines(base), _bad_lines(head)
        found = tuple(
            _finding(path, line, text, self.environment)
            for (path, text), line in sorted(after.items())
            if self.everywhere or (path, text) not in before
        )
        analysis = Analysis(found, (), Summary(1, 1, Counts(changed=1), "other"))
        return decide(analysis, policy, base=base.name, head=head.name, today=today)


def _bad_lines(side: ComparedTree) -> Mapping[tuple[str, str], int]:
    return {
        (path, line): number
        for path, file in side.tree.items()
        if path.endswith(".yaml")
        for number, line in enumerate(side.blobs.data(file.blob).decode().splitlines(), 1)
        if ": bad" in line
    }


def _finding(path: str, line: int, text: str, environment: str) -> ReviewFinding:
    return ReviewFinding(
        rule="image-not-approved",
        severity=Severity.ERROR,
        message=f"Line {text.strip()!r} of {path} is bad.",
        environments=(environment,),
        resource=None,
        location=Location(path, line, "RIGHT"),
        fingerprint=hashlib.sha256(f"{path}:{text}".encode()).hexdigest()[:16],
    )


@dataclass(frozen=True)
class World:
    """The stand-in, what is on it, and the service."""

    github: StandIn
    app: App
    repository: Repo
    installation: Installation
    analyser: LineAnalyser
    service: Service

    def pull(self, files: Mapping[str, str | None], branch: str = "change") -> StandInPullRequest:
        """An open pull request that changes these files."""
        self.push(files, branch)
        return self.github.open_pull_request(self.repository, branch)

    def push(self, files: Mapping[str, str | None], branch: str = "change") -> str:
        """A commit on a branch."""
        return self.github.commit(self.repository, branch, encoded(files))

    def job(self, pull: StandInPullRequest, **more: str) -> Job:
        """The job that a delivery about this pull request makes."""
        return Job(self.installation.id, self.repository.id, pull.number, **more)  # type: ignore[arg-type]  # a reason, by the tests' hand

    def review(self, pull: StandInPullRequest, **more: str) -> str:
        """The job done once: its outcome."""
        return self.service.do(self.job(pull, **more)).outcome

    def announce(self, pull: StandInPullRequest, before: str | None = None, **more: str) -> Done:
        """The pull request's check run in progress."""
        return self.service.do(Announcement(self.job(pull, **more), before))

    def drain(self, *tasks: Task) -> list[str]:
        """The tasks and all that follows, one after the other: what became of each."""
        outcomes: list[str] = []
        waiting = list(tasks)
        while waiting:
            assert len(outcomes) < 100, "tasks follow from tasks without end"
            done = self.service.do(waiting.pop(0))
            outcomes.append(done.outcome)
            waiting += done.tasks
        return outcomes

    def check(self, pull: StandInPullRequest) -> tuple[str, str | None, str | None]:
        """The newest check run on the head: status, conclusion and title."""
        run = self.run(pull)
        return run.status, run.conclusion, run.title

    def run(self, pull: StandInPullRequest) -> StandInCheckRun:
        """The newest check run on the head."""
        run = self.github.check_run(pull)
        assert run is not None
        return run

    def runs(self, pull: StandInPullRequest) -> list[StandInCheckRun]:
        """Every check run on the head, oldest first."""
        return [run for run in pull.repository.runs.values() if run.suite.head_sha == pull.head_sha]


def encoded(files: Mapping[str, str | None]) -> dict[str, bytes | None]:
    """Texts as git takes them; None deletes."""
    return {path: None if text is None else text.encode() for path, text in files.items()}


def places(pull: StandInPullRequest) -> list[tuple[str, int | None, str]]:
    """The comments on a pull request: path, line, and what they stand on."""
    return [(one.path, one.line, one.subject_type) for one in comments(pull)]


def comments(pull: StandInPullRequest) -> list[ReviewComment]:
    """The comments that people see, oldest first."""
    return [one for one in pull.comments if not one.minimized]


def world(github: StandIn, directory: Path) -> World:
    """A world with one repository of good manifests, the check required on its main branch."""
    app = github.create_app()
    files = encoded({"a.yaml": GOOD, "long.yaml": LONG})
    repository = github.create_repository("example/gitops", files)
    github.require_check(repository, "fairlead", app=app)
    installation = github.install(app, repository)
    analyser = LineAnalyser()
    service = Service(
        gateway=Gateway(str(app.id), app.private_key, github.api_url, pause=0),
        mirrors=directory / "mirrors",
        seconds=SECONDS,
        today=lambda: TODAY,
        transport=("http",),
        judge=analyser,
    )
    return World(github, app, repository, installation, analyser, service)
