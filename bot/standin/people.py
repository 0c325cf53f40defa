"""What people do in GitHub's pages: push, open, edit, close, comment, install Apps."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.standin.accounts import Account, App, Installation, Permissions
from bot.standin.context import Context
from bot.standin.events import Push
from bot.standin.git.repository import NO_COMMIT, BareRepository, Changes
from bot.standin.pushes import after_push, request_suites, track_head
from bot.standin.repositories import StandInPullRequest, StandInRepository
from bot.standin.state import GitHubState

# What Fairlead asks for; any App may be made with others.
PERMISSIONS: Permissions = {
    "metadata": "read",
    "contents": "read",
    "pull_requests": "write",
    "checks": "write",
    "issues": "read",
    "merge_queues": "read",
    "members": "read",
}
EVENTS = (
    "pull_request",
    "merge_group",
    "check_run",
    "check_suite",
    "push",
    "repository",
    "pull_request_review",
    "pull_request_review_comment",
    "issue_comment",
)


def register_app(state: GitHubState, name: str, owner: Account, webhook_url: str | None) -> App:
    """A new App with a key, a client id and a webhook secret of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    slug = name.lower().replace(" ", "-")
    app = App(
        id=state.new_id(),
        slug=slug,
        name=name,
        client_id=f"Iv23li{secrets.token_hex(7)}",
        owner=owner,
        bot=state.account(f"{slug}[bot]", "Bot"),
        private_key=private.decode(),
        public_key=public.decode(),
        webhook_secret=secrets.token_hex(20),
        client_secret=secrets.token_hex(20),
        webhook_url=webhook_url,
        hook_id=state.new_id(),
        permissions=dict(PERMISSIONS),
        events=list(EVENTS),
        created_at=state.clock(),
    )
    state.apps[app.id] = app
    return app


def found_repository(state: GitHubState, full_name: str, default_branch: str) -> StandInRepository:
    """A new repository without commits; an unknown owner becomes an organisation."""
    login, _, name = full_name.partition("/")
    number, moment = state.new_id(), state.clock()
    git = BareRepository(state.directory / f"{number}.git")
    git.create(default_branch)
    repository = StandInRepository(
        id=number,
        owner=state.account(login, "Organization"),
        name=name,
        default_branch=default_branch,
        private=True,
        git=git,
        created_at=moment,
        pushed_at=moment,
    )
    state.repositories[number] = repository
    return repository


def fork_repository(
    state: GitHubState, parent: StandInRepository, owner: Account
) -> StandInRepository:
    """A fork: every branch of the parent, under another owner."""
    fork = found_repository(state, f"{owner.login}/{parent.name}", parent.default_branch)
    fork.parent, fork.private = parent, parent.private
    fork.git.run("fetch", "--quiet", str(parent.git.path), "+refs/heads/*:refs/heads/*")
    return fork


def files_of(source: Path | Changes) -> Changes:
    """The files of a directory by their paths, or the mapping as it is."""
    if isinstance(source, Mapping):
        return source
    paths = sorted(path for path in source.rglob("*") if path.is_file())
    return {path.relative_to(source).as_posix(): path.read_bytes() for path in paths}


def push(  # noqa: PLR0913 - what a push is made of
    context: Context,
    repository: StandInRepository,
    branch: str,
    changes: Changes,
    *,
    message: str,
    by: Account,
    parent: str | None = None,
) -> str:
    """A commit on a branch, pushed; on `parent` instead of the branch's tip where one is named."""
    tip = repository.git.resolve(f"refs/heads/{branch}")
    start = parent or tip or repository.git.resolve(f"refs/heads/{repository.default_branch}")
    after = repository.git.commit(
        branch,
        changes,
        message=message,
        author=by.login,
        moment=context.state.clock(),
        parent=start,
    )
    after_push(context, repository, Push(branch, tip or NO_COMMIT, after, by))
    return after


def open_pull_request(  # noqa: PLR0913 - what a pull request is made of
    context: Context,
    base: StandInRepository,
    head: StandInRepository,
    *,
    head_ref: str,
    base_ref: str,
    title: str,
    body: str,
    by: Account,
    draft: bool,
) -> StandInPullRequest:
    """A new pull request; its head and merge refs are in the base repository."""
    state, moment = context.state, context.state.clock()
    number = max(base.pulls, default=0) + 1
    pull = StandInPullRequest(
        id=state.new_id(),
        repository=base,
        number=number,
        issue_id=state.new_id(),
        title=title,
        body=body or None,
        user=by,
        head_repository=head,
        head_ref=head_ref,
        head_sha=head.git.text("rev-parse", f"refs/heads/{head_ref}"),
        base_ref=base_ref,
        base_sha=base.git.text("rev-parse", f"refs/heads/{base_ref}"),
        created_at=moment,
        updated_at=moment,
        draft=draft,
    )
    base.pulls[number] = pull
    track_head(state, base, pull)
    if head is not base:
        request_suites(context, base, pull.head_sha, by)
    context.events.pull_request(pull, "opened", by)
    return pull


def edit(context: Context, pull: StandInPullRequest, by: Account, **fields: str | None) -> None:
    """The pull request with another title, body or base branch."""
    changes: dict[str, object] = {}
    for name in ("title", "body"):
        if fields.get(name) is not None:
            changes[name] = {"from": getattr(pull, name) or ""}
            setattr(pull, name, fields[name])
    base = fields.get("base")
    if base is not None:
        changes["base"] = {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}
        pull.base_ref = base
        track_head(context.state, pull.repository, pull)
    pull.updated_at = context.state.clock()
    context.events.pull_request(pull, "edited", by, changes=changes)


def set_open(context: Context, pull: StandInPullRequest, by: Account, *, opened: bool) -> None:
    """The pull request closed without a merge, or opened again."""
    moment = context.state.clock()
    pull.state, pull.closed_at = ("open", None) if opened else ("closed", moment)
    pull.updated_at = moment
    if opened:
        track_head(context.state, pull.repository, pull)
    context.events.pull_request(pull, "reopened" if opened else "closed", by)


def set_draft(context: Context, pull: StandInPullRequest, by: Account, *, draft: bool) -> None:
    """The pull request as a draft, or ready for review."""
    pull.draft, pull.updated_at = draft, context.state.clock()
    action = "converted_to_draft" if draft else "ready_for_review"
    context.events.pull_request(pull, action, by)


def install(
    context: Context,
    app: App,
    repositories: list[StandInRepository],
    permissions: Permissions | None,
) -> Installation:
    """The App on repositories of one account; the permissions are the App's unless named."""
    state = context.state
    installation = Installation(
        id=state.new_id(),
        app=app,
        account=repositories[0].owner,
        repository_ids={repository.id for repository in repositories},
        permissions=dict(permissions or app.permissions),
        created_at=state.clock(),
    )
    state.installations[installation.id] = installation
    context.events.installation(installation, "created", installation.account)
    return installation


def set_suspended(context: Context, installation: Installation, *, suspended: bool) -> None:
    """The installation suspended, or working again."""
    installation.suspended_at = context.state.clock() if suspended else None
    action = "suspend" if suspended else "unsuspend"
    context.events.installation(installation, action, installation.account)


def uninstall(context: Context, installation: Installation) -> None:
    """Removes the App from the account, with its tokens."""
    state = context.state
    context.events.installation(installation, "deleted", installation.account)
    del state.installations[installation.id]
    texts = [text for text, token in state.tokens.items() if token.installation is installation]
    for text in texts:
        del state.tokens[text]
