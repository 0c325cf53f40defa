"""The demonstration: the whole App on this machine, with a stand-in for GitHub."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.standin import EXAMPLE, StandIn
from bot.standin.repositories import (
    ReviewComment,
    StandInCheckRun,
    StandInPullRequest,
    StandInRepository,
)
from bot.standin.service_process import (
    SECONDS,
    ServiceProcess,
    Unexpected,
    start_service,
    wait_until,
)

REPOSITORY: Final = "example/gitops"

EXPECTED: Final = {
    "image-not-approved": "apps/storefront/deployment.yaml",
    "network-policy-service-port": "apps/storefront/network-policy.yaml",
    "rbac-privilege-added": "platform/rbac/metrics-reader.yaml",
    "service-account-changed": "apps/storefront/service-account.yaml",
}
"""The findings of the example's bad change, by rule, and the file each stands in."""

APPROVER: Final = "hubot"
"""The member of the team that the example's policy names for RBAC findings."""

_APPROVE: Final = re.compile(r"`(/fairlead approve (?!all)[0-9a-z-]+) REASON`")


@dataclass(frozen=True, slots=True)
class PullRequestView:
    """A pull request as people see it: its check run, its threads, and why it cannot be merged."""

    number: int
    check: StandInCheckRun
    comments: tuple[ReviewComment, ...]
    refusal: str | None


def wrong_about_bad(shown: PullRequestView) -> Iterator[str]:
    """What is wrong with the review of the bad change; empty if nothing is."""
    if shown.check.conclusion != "failure":
        yield f"the check concluded {shown.check.conclusion} and not failure"
    if shown.refusal is None:
        yield "the merge was not refused"
    for rule, path in EXPECTED.items():
        if not any(rule in comment.body and comment.path == path for comment in shown.comments):
            yield f"no comment of {rule} stands in {path}"
    for comment in shown.comments:
        if comment.path not in EXPECTED.values() or not comment.line:
            yield f"a comment stands at {comment.path}:{comment.line}"


def wrong_about_fix(shown: PullRequestView) -> Iterator[str]:
    """What is wrong after the fix; empty if nothing is."""
    if shown.check.conclusion != "success":
        yield f"the check concluded {shown.check.conclusion} and not success"
    if shown.refusal is not None:
        yield f"the merge was refused: {shown.refusal}"
    for comment in shown.comments:
        yield f"a comment is still at {comment.path}:{comment.line}"


def wrong_about_wish(shown: PullRequestView) -> Iterator[str]:
    """What is wrong with the change that waits for approval; empty if nothing is."""
    if shown.check.conclusion != "failure":
        yield f"the check concluded {shown.check.conclusion} and not failure"
    if not (shown.check.title or "").startswith("Waiting for approval"):
        yield f"the check is titled {shown.check.title!r} and does not wait for approval"


def wrong_about_accepted(shown: PullRequestView) -> Iterator[str]:
    """What is wrong once the approver has accepted the change; empty if nothing is."""
    yield from wrong_about_fix(shown)
    if f"accepted by `{APPROVER}`" not in (shown.check.summary or ""):
        yield f"the check does not name {APPROVER} as who accepted it"


@dataclass(slots=True)
class Demonstration:
    """A stand-in GitHub with the example repository, and the real service beside it."""

    github: StandIn
    repository: StandInRepository
    service: ServiceProcess

    def open_bad(self, branch: str) -> PullRequestView:
        """A pull request of the example's bad change, once it has been reviewed."""
        self.github.commit(
            self.repository, branch, EXAMPLE / "bad", message="Give the deployer what it asks for"
        )
        pull = self.github.open_pull_request(
            self.repository, branch, title="Give the deployer what it asks for"
        )
        return self._reviewed(pull)

    def push_fix(self, number: int) -> PullRequestView:
        """The pull request after the example's fix was pushed and reviewed."""
        pull = self.repository.pulls[number]
        self.github.commit(
            self.repository, pull.head_ref, EXAMPLE / "fix", message="Keep to what is needed"
        )
        return self._reviewed(pull)

    def open_wish(self, branch: str) -> PullRequestView:
        """A pull request that asks for more rights and is otherwise sound, once reviewed."""
        path = "platform/rbac/metrics-reader.yaml"
        wish = {path: (EXAMPLE / "bad" / path).read_bytes()}
        title = "Let the metrics reader see more"
        self.github.commit(self.repository, branch, wish, message=title)
        return self._reviewed(self.github.open_pull_request(self.repository, branch, title=title))

    def accept(self, number: int) -> PullRequestView:
        """The pull request after the approver wrote what its check says, and it was reviewed."""
        pull = self.repository.pulls[number]
        for line in _APPROVE.findall(self._reviewed(pull).check.summary or ""):
            self.github.comment(pull, f"{line} agreed in the weekly meeting", by=APPROVER)
        wait_until(lambda: self._reviewed(pull).check.conclusion == "success")
        return self._reviewed(pull)

    def page(self, number: int) -> str:
        """The address of a pull request's page."""
        return f"{self.github.url}/{self.repository.full_name}/pull/{number}"

    def _reviewed(self, pull: StandInPullRequest) -> PullRequestView:
        run = self.github.wait_for_check(pull, timeout=SECONDS)
        if run is None:
            raise Unexpected(f"the check did not end within {SECONDS:.0f} seconds")
        # The thread of a finding that is gone goes before the check ends; nothing comes after.
        return PullRequestView(
            pull.number,
            run,
            tuple(comment for comment in pull.comments if comment.minimized is None),
            self.github.merge_refused(pull),
        )


def _free_port() -> int:
    """A port that is free now; the service's own address must be known before it starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def demonstration(directory: Path, settings: Mapping[str, str]) -> Iterator[Demonstration]:
    """Starts both; the App is installed on the repository, and its check is required there."""
    with StandIn(directory / "github") as github:
        app = github.create_app()
        repository = github.create_repository(REPOSITORY, EXAMPLE / "base")
        github.require_check(repository, "fairlead", app=app)
        github.administration.team("example/security", APPROVER)
        for login in (APPROVER, "octocat"):
            github.add_collaborator(repository, login, "write")
        port = _free_port()
        pages = {
            "PORT": str(port),
            "FAIRLEAD_URL": f"http://127.0.0.1:{port}",
            "CLIENT_ID": app.client_id,
            "CLIENT_SECRET": app.client_secret,
        }
        service = start_service(directory / "service", app, github.api_url, {**settings, **pages})
        try:
            github.set_webhook(app, f"{service.url}/webhook")
            github.install(app, repository)
            yield Demonstration(github, repository, service)
        finally:
            service.stop()
