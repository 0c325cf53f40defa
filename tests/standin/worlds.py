"""A stand-in with an App, a repository and a pull request, and clients for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from github import Auth, Github, GithubIntegration, GithubRetry
from github.Repository import Repository as Client

from bot.standin import StandIn
from bot.standin.accounts import App, Installation
from bot.standin.repositories import StandInPullRequest, StandInRepository
from tests.patience import PATIENCE

FILES = {
    "apps/api.yaml": "".join(f"line{number}: {number}\n" for number in range(1, 31)),
    "apps/web.yaml": "kind: Service\nmetadata:\n  name: web\n",
}
JOB = {"checks": "write", "pull_requests": "write", "contents": "read"}


@dataclass(frozen=True, slots=True)
class World:
    """An installed App, and a pull request that changes line 3 and removes line 20."""

    github: StandIn
    app: App
    installation: Installation
    repository: StandInRepository
    pull: StandInPullRequest

    def integration(self) -> GithubIntegration:
        """The App's own client."""
        auth = Auth.AppAuth(self.app.client_id, self.app.private_key)
        return GithubIntegration(
            auth=auth,
            base_url=self.github.api_url,
            lazy=True,
            retry=_retry(),
            timeout=PATIENCE,
            per_page=100,
            seconds_between_requests=None,
            seconds_between_writes=None,
            api_version="2022-11-28",
        )

    def token(self, **request: Any) -> str:
        """A token of the installation, as narrow as asked; as a job's unless asked otherwise."""
        wanted = request or {"repository_ids": [self.repository.id], "permissions": JOB}
        path = f"/app/installations/{self.installation.id}/access_tokens"
        _, body = self.integration().requester.requestJsonAndCheck("POST", path, input=wanted)
        text: str = body["token"]
        return text

    def client(self, token: str | None = None, *, retry: int = 0) -> Github:
        """A client with a token."""
        return Github(
            auth=Auth.Token(token or self.token()),
            base_url=self.github.api_url,
            lazy=True,
            retry=_retry(retry) if retry else None,
            per_page=100,
            seconds_between_requests=None,
            seconds_between_writes=None,
            api_version="2022-11-28",
        )

    def remote(self, token: str | None = None) -> Client:
        """The repository through a client."""
        return self.client(token).get_repo(self.repository.id)


def _retry(total: int = 0) -> GithubRetry:
    return GithubRetry(total=total, backoff_factor=0)


def world(github: StandIn) -> World:
    """The world above, on this stand-in."""
    app = github.create_app()
    repository = github.create_repository("example/gitops", FILES)
    installation = github.install(app, repository)
    lines = FILES["apps/api.yaml"].splitlines(keepends=True)
    changed = [*lines[:2], "line3: changed\n", *lines[3:19], *lines[20:]]
    github.commit(repository, "topic", {"apps/api.yaml": "".join(changed)})
    pull = github.open_pull_request(repository, "topic", title="Change the API")
    return World(github, app, installation, repository, pull)
