"""Accounts, Apps, installations and tokens as GitHub shows them."""

from __future__ import annotations

from datetime import datetime

from bot.standin.accounts import Account, App, Installation, Token
from bot.standin.repositories import Body
from bot.standin.state import GitHubState, node_id

_PREFIX = {"User": "U", "Organization": "O", "Bot": "BOT"}


def stamp(moment: datetime) -> str:
    """A moment as GitHub writes it: UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def maybe(moment: datetime | None) -> str | None:
    """A moment as GitHub writes it, None where there is none yet."""
    return stamp(moment) if moment else None


def user(state: GitHubState, account: Account) -> Body:
    """A `simple-user`."""
    quoted = account.login.replace("[", "%5B").replace("]", "%5D")
    api = f"{state.api}/users/{quoted}"
    page = account.login.removesuffix("[bot]")
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id(_PREFIX[account.type], account.id),
        "avatar_url": f"{state.url}/avatars/{account.id}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{state.url}/apps/{page}" if account.type == "Bot" else f"{state.url}/{page}",
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": account.type,
        "user_view_type": "public",
        "site_admin": False,
    }


def public_user(state: GitHubState, account: Account) -> Body:
    """A `public-user`, as a person sees themself through an App without further permissions."""
    moment = "2020-01-01T00:00:00Z"
    missing = dict.fromkeys(("name", "company", "location", "email", "hireable", "bio"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    dates = {"created_at": moment, "updated_at": moment}
    return user(state, account) | {"blog": "", **missing, **counts, **dates}


def organization(state: GitHubState, account: Account) -> Body:
    """An `organization-simple`, as webhooks carry it."""
    api = f"{state.api}/orgs/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("O", account.id),
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{state.url}/avatars/{account.id}",
        "description": None,
    }


def app(state: GitHubState, app: App) -> Body:
    """An `integration`."""
    return {
        "id": app.id,
        "client_id": app.client_id,
        "slug": app.slug,
        "node_id": node_id("A", app.id),
        "owner": user(state, app.owner),
        "name": app.name,
        "description": "",
        "external_url": app.external_url or f"{state.url}/apps/{app.slug}",
        "html_url": f"{state.url}/apps/{app.slug}",
        "created_at": stamp(app.created_at),
        "updated_at": stamp(app.created_at),
        "permissions": dict(app.permissions),
        "events": list(app.events),
    }


def authenticated_app(state: GitHubState, github_app: App) -> Body:
    """What an App sees of itself: also on how many accounts it is installed."""
    count = sum(installation.app is github_app for installation in state.installations.values())
    return app(state, github_app) | {"installations_count": count}


def webhook_config(app: App) -> Body:
    """A `webhook-config`; nobody is told the secret."""
    secret = {"secret": "********"} if app.webhook_secret else {}
    return {
        "content_type": app.webhook_content_type,
        "insecure_ssl": app.webhook_insecure_ssl,
        "url": app.webhook_url,
        **secret,
    }


def installation(state: GitHubState, installation: Installation) -> Body:
    """An `installation`."""
    settings = f"{state.url}/organizations/{installation.account.login}/settings"
    page = f"{settings}/installations/{installation.id}"
    return {
        "id": installation.id,
        "account": user(state, installation.account),
        "repository_selection": "selected",
        "access_tokens_url": f"{state.api}/app/installations/{installation.id}/access_tokens",
        "repositories_url": f"{state.api}/installation/repositories",
        "html_url": page,
        "app_id": installation.app.id,
        "client_id": installation.app.client_id,
        "app_slug": installation.app.slug,
        "target_id": installation.account.id,
        "target_type": installation.account.type,
        "permissions": dict(installation.permissions),
        "events": list(installation.app.events),
        "created_at": stamp(installation.created_at),
        "updated_at": stamp(installation.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": user(state, installation.account) if installation.suspended_at else None,
        "suspended_at": maybe(installation.suspended_at),
    }


def token(token: Token, repositories: list[Body]) -> Body:
    """An `installation-token`; the repositories are named where it is limited to some."""
    shape: Body = {
        "token": token.text,
        "expires_at": stamp(token.expires_at),
        "permissions": dict(token.permissions),
        "repository_selection": "selected",
    }
    return shape | ({"repositories": repositories} if token.repository_ids is not None else {})
