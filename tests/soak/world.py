"""The running parts of a soak: a stand-in GitHub, people who act on it, the service that dies."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import requests

from bot.standin import StandIn
from bot.standin.accounts import App, Installation
from bot.standin.git.merging import MergeRefused
from bot.standin.merge_queue import MergeGroup
from bot.standin.repositories import StandInPullRequest, StandInRepository
from bot.standin.service_process import ServiceProcess, start_service, wait_until
from tests.soak.clock import GitHubClock
from tests.soak.plan import (
    BASES,
    PATHS,
    PEOPLE,
    Act,
    Damage,
    Disk,
    Kill,
    Late,
    Lose,
    Move,
    Open,
    Push,
    Queue,
    Reply,
    Rerun,
    Retarget,
    Say,
    Seen,
    Skew,
    Start,
    Toggle,
    Twice,
    Weather,
)

SETTINGS: Final = {
    "FAIRLEAD_ALLOW_NO_SANDBOX": "true",
    "LOG_LEVEL": "info",
    # On a full disk CPython leaves truncated files of bytecode behind, which it then fails to read.
    "PYTHONDONTWRITEBYTECODE": "1",
}
POLICY: Final = f"""\
version: 1
images:
  approved: [registry.example.com]
approvals:
  - rules: ['*']
    users: [{PEOPLE[0]}]
    by-review: true
"""
_DEPLOYMENT: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: shop
spec:
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      containers:
        - name: main
          image: {registry}/shop/{name}:1.0.0
"""
_PATIENCE: Final = 1.0
"""Seconds that people wait where more heads than there are repositories wait for a review."""
_LOOKED: Final = "lost deliveries taken up"
_WAITING: Final = ("pending", "enqueued", "delayed")


def manifest(path: str, *, bad: bool, lines: int = 0, mark: str = "") -> bytes:
    """A Deployment of one image, approved or not, `lines` further down."""
    name = Path(path).stem
    registry = "evil.example.net" if bad else "registry.example.com"
    above = "# a line above\n" * lines + (f"# {mark}\n" if mark else "")
    return (above + _DEPLOYMENT.format(name=name, registry=registry)).encode()


@dataclass
class World:
    """What runs; `installations` and `groups`, in the merge queue, are by repository."""

    github: StandIn
    app: App
    repositories: list[StandInRepository]
    installations: dict[int, Installation]
    directory: Path
    service: ServiceProcess
    pulls: dict[int, StandInPullRequest] = field(default_factory=dict)
    groups: dict[int, MergeGroup] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    clock: GitHubClock = field(default_factory=GitHubClock)
    database: str | None = None
    peer: ServiceProcess | None = None
    kills: int = 0
    pushes: int = 0

    def act(self, act: Act) -> None:
        """One thing happens, where it can; nobody runs far ahead of the service."""
        match act:
            case Kill() | Start() | Lose() | Twice() | Late() | Weather():
                self._weather(act)
            case Move() | Damage() | Disk() | Skew():
                self._trouble(act)
            case Open():
                self._open(act)
            case _:
                pull = self.pulls[act.pull]
                if pull.state == "open" or isinstance(act, Toggle):
                    self._person(act, pull)
        most = len(self.repositories)
        self.github.wait_until(lambda: len(self.unfinished()) <= most, _PATIENCE)

    def open_pulls(self) -> Iterator[StandInPullRequest]:
        """The pull requests that are open now."""
        with self.github.state.lock:
            return iter([pull for pull in self.pulls.values() if pull.state == "open"])

    def unfinished(self) -> list[StandInPullRequest]:
        """The open pull requests whose head has no concluded check."""
        found = ((pull, self.github.check_run(pull)) for pull in self.open_pulls())
        return [pull for pull, run in found if run is None or run.status != "completed"]

    def settle(self, seconds: float) -> str:
        """Lets the weather end and the service start anew; what is still undone in the end."""
        self.github.faults.clear()
        self.clock.skew(0)
        self._disk(full=False)
        for group in list(self.groups.values()):
            self._leave(group)
        self.kill()
        if self.peer is not None:
            # The first replica stays dead: the other one takes its jobs over.
            end(self.peer)
            self.service, self.peer = self.peer, None
        # What is on its way to the killed process gets lost, and is found by the next one.
        if not self.github.deliveries.settle(seconds):
            return "deliveries are still under way"
        self.start()
        if not wait_until(self._idle, seconds):
            return f"it does not come to rest: {self.jobs()}"
        left = [f"{one.repository.full_name}#{one.number}" for one in self.unfinished()]
        return f"heads without a concluded check: {left}" if left else ""

    def jobs(self) -> dict[str, int]:
        """How many jobs there are of each status, by the service's metrics."""
        text = requests.get(f"{self.service.admin_url}/metrics", timeout=30).text
        found = (line for line in text.splitlines() if line.startswith("fairlead_jobs{"))
        return {line.split('"')[1]: int(float(line.split()[-1])) for line in found}

    def kill(self) -> None:
        """What a power cut does."""
        end(self.service)
        self.kills += 1
        if self.peer is not None:
            self.github.set_webhook(self.app, f"{self.peer.url}/webhook")

    def start(self) -> None:
        """The service runs again on the same data."""
        directory = self.service.log.parent
        self.service = start_service(
            directory, self.app, self.github.api_url, settings(self.database)
        )
        self.github.set_webhook(self.app, f"{self.service.url}/webhook")

    def _idle(self) -> bool:
        """Whether nothing can happen any more: what was lost is taken up, and no job is left.

        A job that is followed by another ends after that one is recorded, and the sweep is asked
        for before the look at what was lost ends: one look at both is enough.
        """
        if not any(line.get("event") == _LOOKED for line in self.service.lines()):
            return False
        jobs = self.jobs()
        return not any(jobs[status] for status in _WAITING)

    def _trouble(self, act: Move | Damage | Disk | Skew) -> None:
        match act:
            case Move(repository, base, path, bad):
                self.pushes += 1
                content = manifest(path, bad=bad, mark=f"{self.pushes}")
                self.github.commit(self.repositories[repository], base, {path: content})
            case Damage(repository):
                number = self.repositories[repository].id
                mirrors = self.service.log.parent / "data" / "mirrors"
                damage(mirrors / f"{number}.git")
            case Disk(full):
                self._disk(full=full)
            case Skew(seconds):
                self.clock.skew(seconds)

    def _disk(self, *, full: bool) -> None:
        """No file of the service grows beyond a few bytes, as on a disk without space."""
        process = self.service.process
        if process.poll() is None:
            _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096 if full else hard, hard))

    def _weather(self, act: Kill | Start | Lose | Twice | Late | Weather) -> None:
        match act:
            case Kill():
                self.kill()
            case Start():
                self.start()
            case Lose(event):
                self.github.deliveries.drop(event=event)
            case Twice(event):
                self.github.deliveries.duplicate(event=event)
            case Late():
                self._deliver_late()
            case Weather(method, path, status, times, lost):
                limited = status in {403, 429}
                self.github.fail(
                    path,
                    method=method,
                    status=status,
                    times=1 if limited else times,
                    retry_after=1 if limited else None,
                    lost=lost and not limited,
                )

    def _deliver_late(self) -> None:
        waiting = [
            one
            for one in self.github.deliveries.all()
            if one.status == "timed out" and one.guid not in self.late
        ]
        if waiting:
            self.late.add(waiting[0].guid)
            self.github.deliveries.redeliver(waiting[0])

    def _open(self, act: Open) -> None:
        repository = self.repositories[act.repository]
        branch = f"change-{act.pull}"
        self.pushes += 1
        content = manifest(act.path, bad=act.bad, mark=f"{self.pushes}")
        self.github.commit(repository, branch, {act.path: content})
        self.pulls[act.pull] = self.github.open_pull_request(repository, branch)

    def _person(
        self,
        act: Push | Retarget | Say | Reply | Seen | Rerun | Toggle | Queue,
        pull: StandInPullRequest,
    ) -> None:
        match act:
            case Push():
                self._push(act, pull)
            case Retarget(_, base):
                if base != pull.base_ref:
                    self.github.edit(pull, base=base)
            case Say() | Reply() | Seen():
                self._talk(act, pull)
            case Rerun():
                run = self.github.check_run(pull)
                if run is not None and run.status == "completed":
                    self.github.rerequest(pull, run)
            case Toggle():
                self._toggle(pull)
            case Queue():
                self._queue(pull)

    def _talk(self, act: Say | Reply | Seen, pull: StandInPullRequest) -> None:
        match act:
            case Say(_, by, text):
                self.github.comment(pull, text, by=by)
            case Reply(_, by):
                self._reply(pull, by)
            case Seen(_, by, event):
                self.github.review(pull, event, by=by)

    def _push(self, act: Push, pull: StandInPullRequest) -> None:
        self.pushes += 1
        # The mark makes each head a commit of its own.
        content = manifest(act.path, bad=act.bad, lines=act.lines, mark=f"{self.pushes}")
        git = pull.repository.git
        parent = git.merge_base(pull.base_sha, pull.head_sha) if act.forced else None
        self.github.commit(pull.repository, pull.head_ref, {act.path: content}, parent=parent)

    def _reply(self, pull: StandInPullRequest, by: str) -> None:
        with self.github.state.lock:
            ours = [one for one in pull.comments if one.user is self.app.bot]
            if ours:
                self.github.reply(pull, ours[-1], "Is this so?", by=by)

    def _toggle(self, pull: StandInPullRequest) -> None:
        if pull.merged_at is not None:
            return
        change = self.github.close_pull_request
        (change if pull.state == "open" else self.github.reopen)(pull)

    def _queue(self, pull: StandInPullRequest) -> None:
        held = self.groups.get(pull.repository.id)
        if held is not None:
            self._leave(held)
        elif self.github.merge_refused(pull) is None:
            try:
                group = self.github.merge_queue.enqueue(pull)
            except MergeRefused:
                return
            self.groups[pull.repository.id] = group

    def _leave(self, group: MergeGroup) -> None:
        del self.groups[group.pull.repository.id]
        self.github.merge_queue.finish(group)


def settings(database: str | None) -> dict[str, str]:
    """The settings of a service on its own data, or on a database that replicas share."""
    return {**SETTINGS, **({"DATABASE_URL": database} if database else {})}


def end(service: ServiceProcess) -> None:
    """What a power cut does."""
    service.process.kill()
    service.process.wait()


def damage(mirror: Path) -> None:
    """Overwrites the middle of each pack of a mirror."""
    for pack in mirror.glob("objects/pack/*.pack"):
        try:
            content = bytearray(pack.read_bytes())
            pack.chmod(0o644)
            pack.write_bytes(
                content[: len(content) // 2] + b"x" * 20 + content[len(content) // 2 + 20 :]
            )
        except FileNotFoundError:  # the service packs at the same time
            continue


@contextmanager
def running(
    github: StandIn, directory: Path, count: int, database: str | None = None
) -> Iterator[World]:
    """The service beside a stand-in of so many repositories, ended in the end.

    With a database there are two replicas.
    """
    app = github.create_app()
    good: dict[str, bytes | None] = {path: manifest(path, bad=False) for path in PATHS}
    good[".github/fairlead.yml"] = POLICY.encode()
    # Owners of their own, thus installations: the service writes so much for each of them alone.
    made = [github.create_repository(f"team-{one}/gitops", good) for one in range(count)]
    for repository in made:
        # The two bases differ: what is new against one of them is old against the other.
        old = {PATHS[0]: manifest(PATHS[0], bad=True)}
        github.commit(repository, BASES[1], old)
        for base in BASES:
            github.require_check(repository, "fairlead", app=app, branch=base)
    service = start_service(directory, app, github.api_url, settings(database))
    peer = (
        start_service(directory / "peer", app, github.api_url, settings(database))
        if database
        else None
    )
    github.set_webhook(app, f"{service.url}/webhook")
    installations = {one.id: github.install(app, one) for one in made}
    world = World(
        github, app, made, installations, directory, service, database=database, peer=peer
    )
    github.state.clock = world.clock
    try:
        yield world
    finally:
        for process in (world.service, *([world.peer] if world.peer else [])):
            end(process)
