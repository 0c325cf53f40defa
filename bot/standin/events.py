"""What happened, as webhook payloads for the Apps that are installed and subscribed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.standin.accounts import Account, App, Installation, no_reply
from bot.standin.bodies import accounts, checks, conversation, pulls, repository
from bot.standin.deliveries import WebhookSender
from bot.standin.git.repository import NO_COMMIT
from bot.standin.repositories import (
    Body,
    CheckSuite,
    IssueComment,
    ReviewComment,
    StandInCheckRun,
    StandInPullRequest,
    StandInRepository,
    StandInReview,
)
from bot.standin.state import GitHubState, node_id

# Sent to every App without a subscription.
# https://docs.github.com/webhooks/webhook-events-and-payloads#installation
_ALWAYS = {"installation", "installation_repositories", "ping"}
# https://docs.github.com/webhooks/webhook-events-and-payloads#push
MAXIMUM_PUSHED_COMMITS = 2048
# What an App must at least be granted to hear of an event.
_NEEDS = {
    "pull_request": "pull_requests",
    "pull_request_review": "pull_requests",
    "pull_request_review_comment": "pull_requests",
    "issue_comment": "issues",
    "check_run": "checks",
    "check_suite": "checks",
    "push": "contents",
    "merge_group": "merge_queues",
}


@dataclass(frozen=True, slots=True)
class Push:
    """A branch that moved: from one commit to another, by somebody, by a push or a merge."""

    branch: str
    before: str
    after: str
    by: Account
    kind: Literal["push", "pr_merge", "merge_queue_merge"] = "push"


class Events:
    """Tells the Apps; each method is one event of GitHub's."""

    def __init__(self, state: GitHubState, deliveries: WebhookSender) -> None:
        self._state = state
        self.deliveries = deliveries

    def pull_request(
        self,
        pull: StandInPullRequest,
        action: str,
        by: Account,
        **more: object,
    ) -> None:
        """`pull_request`: `more` holds what only this action carries."""
        shape = {
            "number": pull.number,
            "pull_request": pulls.full(self._state, pull),
            **more,
        }
        self._tell(pull.repository, "pull_request", {"action": action, **shape}, by)

    def review(
        self,
        pull: StandInPullRequest,
        review: StandInReview,
        action: str = "submitted",
        **more: object,
    ) -> None:
        """`pull_request_review` submitted or edited."""
        state = review.state.lower()
        shape = conversation.review(self._state, pull, review) | {
            "state": state,
            "updated_at": accounts.stamp(review.submitted_at),
        }
        body = {"review": shape, "pull_request": pulls.simple(self._state, pull)}
        self._tell(
            pull.repository, "pull_request_review", {"action": action, **body, **more}, review.user
        )

    def comment(
        self,
        pull: StandInPullRequest,
        comment: ReviewComment | IssueComment,
        action: str,
        *,
        by: Account | None = None,
        **more: object,
    ) -> None:
        """`issue_comment` or `pull_request_review_comment`: created, edited or deleted."""
        about: Body = {"comment": conversation.comment(self._state, pull, comment)}
        if isinstance(comment, IssueComment):
            event, about["issue"] = "issue_comment", pulls.issue(self._state, pull)
        else:
            event = "pull_request_review_comment"
            about["pull_request"] = pulls.simple(self._state, pull)
        shape = {"action": action, **about, **more}
        self._tell(pull.repository, event, shape, by or comment.user)

    def check_run(
        self, repository: StandInRepository, run: StandInCheckRun, action: str, by: Account
    ) -> None:
        """`check_run`: created and completed for all, rerequested for its App alone."""
        shape = {"check_run": checks.run_in_event(self._state, repository, run)}
        only = run.suite.app if action in {"rerequested", "requested_action"} else None
        self._tell(repository, "check_run", {"action": action, **shape}, by, only)

    def requested_action(
        self, repository: StandInRepository, run: StandInCheckRun, identifier: str, by: Account
    ) -> None:
        """`check_run` requested_action: a person pressed one of the run's buttons."""
        shape = {
            "check_run": checks.run_in_event(self._state, repository, run),
            "requested_action": {"identifier": identifier},
        }
        self._tell(
            repository, "check_run", {"action": "requested_action", **shape}, by, run.suite.app
        )

    def check_suite(
        self, repository: StandInRepository, suite: CheckSuite, action: str, by: Account
    ) -> None:
        """`check_suite`: requested and rerequested go to the suite's App alone."""
        shape = {"check_suite": checks.suite(self._state, repository, suite)}
        self._tell(repository, "check_suite", {"action": action, **shape}, by, suite.app)

    def push(self, repo: StandInRepository, push: Push) -> None:
        """`push`: the commits that the branch gained."""
        before, after = push.before, push.after
        created, deleted = before == NO_COMMIT, after == NO_COMMIT
        gained = [] if created or deleted else repo.git.commits_between(before, after)
        url = repository.page_url(self._state, repo)
        shape = {
            "ref": f"refs/heads/{push.branch}",
            "before": before,
            "after": after,
            "created": created,
            "deleted": deleted,
            "forced": bool(gained) and repo.git.merge_base(before, after) != before,
            "base_ref": None,
            "compare": f"{url}/compare/{before[:12]}...{after[:12]}",
            "commits": [_commit(url, sha, repo) for sha in gained[-MAXIMUM_PUSHED_COMMITS:]],
            "head_commit": None if deleted else _commit(url, after, repo),
            "pusher": {
                "name": push.by.login,
                "email": no_reply(push.by.login),
            },
        }
        self._tell(repo, "push", shape, push.by)

    def installation(self, installation: Installation, action: str, by: Account) -> None:
        """`installation`, with the repositories that it reaches."""
        named = [
            repository.short_repository(self._state.repositories[number])
            for number in sorted(installation.repository_ids)
        ]
        body = {
            "action": action,
            "installation": accounts.installation(self._state, installation),
            "repositories": named,
            "requester": None,
            "sender": accounts.user(self._state, by),
        }
        self.deliveries.send(
            installation.app,
            "installation",
            body,
            installation_id=installation.id,
            repository_id=None,
        )

    def reach(
        self, installation: Installation, action: str, repositories: list[StandInRepository]
    ) -> None:
        """`installation_repositories` added or removed."""
        listed = [repository.short_repository(entry) for entry in repositories]
        by = installation.account
        body = {
            "action": action,
            "installation": accounts.installation(self._state, installation),
            "repository_selection": "selected",
            "repositories_added": listed if action == "added" else [],
            "repositories_removed": listed if action == "removed" else [],
            "requester": None,
            "sender": accounts.user(self._state, by),
        }
        event = "installation_repositories"
        self.deliveries.send(installation.app, event, body, installation.id, None)

    def renamed(self, repository: StandInRepository, before: str, by: Account) -> None:
        """`repository` renamed."""
        more = {"changes": {"repository": {"name": {"from": before}}}}
        self._tell(repository, "repository", {"action": "renamed", **more}, by)

    def archived(self, repository: StandInRepository, by: Account) -> None:
        """`repository` archived."""
        self._tell(repository, "repository", {"action": "archived"}, by)

    def merge_group(
        self,
        repo: StandInRepository,
        group: Body,
        action: str,
        by: Account,
        reason: str | None = None,
    ) -> None:
        """`merge_group` checks_requested, or destroyed for a reason."""
        commit = repo.git.read_commit(group["head_sha"])
        shape = {
            "action": action,
            "merge_group": group | {"head_commit": repository.simple_commit(commit)},
        }
        self._tell(repo, "merge_group", shape | ({"reason": reason} if reason else {}), by)

    def ping(self, app: App) -> None:
        """`ping`: the first thing that a webhook address hears."""
        url = f"{self._state.api}/app/hook/config"
        created = accounts.stamp(app.created_at)
        hook = {
            "type": "App",
            "id": app.hook_id,
            "name": "web",
            "active": True,
            "app_id": app.id,
            "events": list(app.events),
            "config": accounts.webhook_config(app),
            "updated_at": created,
            "created_at": created,
            "deliveries_url": f"{self._state.api}/app/hook/deliveries",
            "url": url,
        }
        body = {"zen": "Keep it logically awesome.", "hook_id": app.hook_id, "hook": hook}
        self.deliveries.send(app, "ping", body, None, None)

    def _tell(
        self,
        repository: StandInRepository,
        event: str,
        shape: Body,
        by: Account,
        only: App | None = None,
    ) -> None:
        for installation in list(self._state.installations_on(repository)):
            app = installation.app
            if only not in (None, app) or not self._hears(installation, event, alone=only is app):
                continue
            body = self._around(repository, installation, shape, by)
            self.deliveries.send(app, event, body, installation.id, repository.id)

    def _hears(self, installation: Installation, event: str, *, alone: bool) -> bool:
        app = installation.app
        subscribed = event in app.events or event in _ALWAYS or alone
        return subscribed and _NEEDS.get(event, "metadata") in installation.permissions

    def _around(
        self, repo: StandInRepository, installation: Installation, shape: Body, by: Account
    ) -> Body:
        body = dict(shape)
        body["repository"] = repository.repository(self._state, repo)
        if repo.owner.type == "Organization":
            body["organization"] = accounts.organization(self._state, repo.owner)
        body["sender"] = accounts.user(self._state, by)
        body["installation"] = {
            "id": installation.id,
            "node_id": node_id("IIN", installation.id),
        }
        return body


def _commit(url: str, sha: str, repository: StandInRepository) -> Body:
    commit = repository.git.read_commit(sha)
    person = {"name": commit.name, "email": commit.email, "username": commit.name}
    paths: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    for status, path in repository.git.changed_paths(commit.sha):
        paths[{"A": "added", "D": "removed"}.get(status, "modified")].append(path)
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": commit.date,
        "url": f"{url}/commit/{commit.sha}",
        "author": person,
        "committer": person,
        **paths,
    }
