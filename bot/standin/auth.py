"""Who calls: an App by its JWT, or an installation by its token, and what it may do."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import timedelta
from typing import Any

import jwt

from bot.standin.accounts import App, Installation, Permissions, Token, UserToken
from bot.standin.errors import HttpRefusal, invalid, not_accessible, not_found
from bot.standin.repositories import Body, StandInRepository
from bot.standin.state import GitHubState

TOKEN_LIFETIME = timedelta(hours=1)
USER_TOKEN_LIFETIME = timedelta(hours=8)
# https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
MAXIMUM_JWT_LIFETIME = timedelta(minutes=10)
MAXIMUM_TOKEN_REPOSITORIES = 500
_MUST_BE = "must be an Integer representing the time that"
_RANKS = {"read": 1, "write": 2, "admin": 3}


def bearer(header: str | None) -> str | None:
    """The credential in an Authorization header, under any of the schemes that GitHub takes."""
    scheme, _, credential = (header or "").partition(" ")
    return credential.strip() if scheme.lower() in {"bearer", "token", "jwt"} else None


def app_of(state: GitHubState, credential: str | None) -> App:
    """The App whose key signed this JWT; otherwise 401 with GitHub's message."""
    if not credential:
        raise HttpRefusal(401, "Requires authentication")
    try:
        claims: dict[str, Any] = jwt.decode(credential, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise HttpRefusal(401, "A JSON web token could not be decoded") from error
    issuer = str(claims.get("iss", ""))
    app = next(
        (
            candidate
            for candidate in state.apps.values()
            if issuer in (str(candidate.id), candidate.client_id)
        ),
        None,
    )
    if app is None:
        raise HttpRefusal(
            401, "'Issuer' claim ('iss') must be an Integer or the client ID of an App"
        )
    _verify_signature(credential, app)
    _verify_times(state, claims)
    return app


def _verify_signature(credential: str, app: App) -> None:
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        jwt.decode(credential, app.public_key, algorithms=["RS256"], options=options)
    except jwt.InvalidTokenError as error:
        raise HttpRefusal(401, "A JSON web token could not be decoded") from error


def _verify_times(state: GitHubState, claims: dict[str, Any]) -> None:
    seconds = state.clock().timestamp()
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > seconds:
        raise HttpRefusal(401, f"'Issued at' claim ('iat') {_MUST_BE} the assertion was issued")
    if not isinstance(expires, int) or expires <= seconds:
        raise HttpRefusal(401, f"'Expiration time' claim ('exp') {_MUST_BE} the assertion expires")
    if expires > seconds + MAXIMUM_JWT_LIFETIME.total_seconds():
        raise HttpRefusal(401, "'Expiration time' claim ('exp') is too far in the future")


def person_of(state: GitHubState, credential: str | None) -> UserToken:
    """The valid user access token of this text; 401 for a wrong or expired one."""
    token = state.user_tokens.get(credential or "")
    if token is None or token.until <= state.clock():
        raise HttpRefusal(401, "Bad credentials")
    return token


def readable(state: GitHubState, token: UserToken, repository: StandInRepository | None) -> bool:
    """Whether a person can read the repository through an App that is installed on it."""
    if repository is None:
        return False
    installed = any(
        installation.app is token.app and repository.id in installation.repository_ids
        for installation in state.installations.values()
    )
    member = token.person is repository.owner or token.person.login in repository.collaborators
    return installed and (member or not repository.private)


def token_of(state: GitHubState, credential: str | None) -> Token:
    """The valid token of this text; 401 for a wrong, revoked or expired one."""
    if not credential:
        raise HttpRefusal(401, "Requires authentication")
    token = state.tokens.get(credential)
    if token is None or token.expires_at <= state.clock():
        raise HttpRefusal(401, "Bad credentials")
    if token.installation.suspended_at:
        raise HttpRefusal(403, "This installation has been suspended")
    return token


def allows(granted: Permissions, requested: Permissions) -> bool:
    """Whether the permissions granted are at least those wanted."""
    return all(
        _RANKS[level] <= _RANKS.get(granted.get(name, ""), 0) for name, level in requested.items()
    )


def reach(token: Token, repository: StandInRepository | None) -> StandInRepository:
    """The repository, where the token reaches it; 404 otherwise, as if it did not exist."""
    if repository is None or repository.id not in token.installation.repository_ids:
        raise not_found()
    if token.repository_ids is not None and repository.id not in token.repository_ids:
        raise not_found()
    return repository


def authorise(
    token: Token, repository: StandInRepository | None, permissions: Permissions
) -> StandInRepository:
    """The repository, where the token reaches it with these permissions."""
    reached = reach(token, repository)
    if not allows(token.permissions, permissions):
        raise not_accessible()
    return reached


def mint(state: GitHubState, installation: Installation, request: Body) -> Token:
    """A new token of the installation, narrowed as requested; 422 for more than was granted."""
    if installation.suspended_at:
        raise HttpRefusal(403, "This installation has been suspended")
    permissions = dict(request.get("permissions") or installation.permissions)
    permissions.setdefault("metadata", "read")
    if not allows(installation.permissions, permissions):
        message = "The permissions requested are not granted to this installation."
        raise HttpRefusal(422, message)
    token = Token(
        text=_token_text(installation),
        installation=installation,
        permissions=permissions,
        repository_ids=_scope(state, installation, request),
        expires_at=state.clock() + TOKEN_LIFETIME,
    )
    state.tokens[token.text] = token
    return token


def _scope(state: GitHubState, installation: Installation, request: Body) -> set[int] | None:
    names, numbers = request.get("repositories"), request.get("repository_ids")
    if names is None and numbers is None:
        return None
    if len(names or ()) + len(numbers or ()) > MAXIMUM_TOKEN_REPOSITORIES:
        raise invalid("Installation", "repositories", "Too many repositories requested.")
    scope = set(numbers or ())
    for name in names or ():
        repository = state.repository(installation.account.login, name)
        scope.add(repository.id if repository else 0)
    if not scope <= installation.repository_ids:
        message = (
            "There is at least one repository that does not exist or is not accessible to the "
            "parent installation."
        )
        raise HttpRefusal(422, message)
    return scope


def _token_text(installation: Installation) -> str:
    """A token as GitHub makes them since 2026: long, of variable length, with dots in it."""
    claims = {"aud": "github.com", "ins": installation.id, "jti": secrets.token_hex(16)}
    parts = [{"alg": "ES256", "typ": "JWT"}, claims]
    encoded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    ]
    signature = secrets.token_urlsafe(256 + secrets.randbelow(24))
    return f"ghs_{installation.app.id}_{'.'.join([*encoded, signature])}"
