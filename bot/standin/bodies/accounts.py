"""Accounts, Apps, installations and tokens as GitHub shows them."""

from __future__ import annotations

from datetime import datetime

from bot.standin.state import Account, App, Body, GitHubState, Installation, Token, node_id

_PREFIX = {"User": "U", "Organization": "O", "Bot": "BOT"}


def stamp(moment: datetime) -> str:
    """A moment as GitHub writes it: UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def maybe(moment: datetime | None) -> str | None:
    """A moment, or None where it has not come."""
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


def app(state: GitHubState, one: App) -> Body:
    """An `integration`."""
    return {
        "id": one.id,
        "client_id": one.client_id,
        "slug": one.slug,
        "node_id": node_id("A", one.id),
        "owner": user(state, one.owner),
        "name": one.name,
        "description": "",
        "external_url": f"{state.url}/apps/{one.slug}",
        "html_url": f"{state.url}/apps/{one.slug}",
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.created_at),
        "permissions": dict(one.permissions),
        "events": list(one.events),
    }


def authenticated_app(state: GitHubState, one: App) -> Body:
    """What an App sees of itself: also on how many accounts it is installed."""
    count = sum(installation.app is one for installation in state.installations.values())
    return app(state, one) | {"installations_count": count}


def webhook_config(one: App) -> Body:
    """A `webhook-config`; nobody is told the secret."""
    secret = {"secret": "********"} if one.webhook_secret else {}
    return {
        "content_type": one.webhook_content_type,
        "insecure_ssl": one.webhook_insecure_ssl,
        "url": one.webhook_url,
        **secret,
    }


def installation(state: GitHubState, one: Installation) -> Body:
    """An `installation`."""
    page = f"{state.url}/organizations/{one.account.login}/settings/installations/{one.id}"
    return {
        "id": one.id,
        "account": user(state, one.account),
        "repository_selection": "selected",
        "access_tokens_url": f"{state.api}/app/installations/{one.id}/access_tokens",
        "repositories_url": f"{state.api}/installation/repositories",
        "html_url": page,
        "app_id": one.app.id,
        "client_id": one.app.client_id,
        "app_slug": one.app.slug,
        "target_id": one.account.id,
        "target_type": one.account.type,
        "permissions": dict(one.permissions),
        "events": list(one.app.events),
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": user(state, one.account) if one.suspended_at else None,
        "suspended_at": maybe(one.suspended_at),
    }


def token(one: Token, repositories: list[Body]) -> Body:
    """An `installation-token`; the repositories are named where it is limited to some."""
    shape: Body = {
        "token": one.text,
        "expires_at": stamp(one.expires_at),
        "permissions": dict(one.permissions),
        "repository_selection": "selected",
    }
    return shape | ({"repositories": repositories} if one.repository_ids is not None else {})
