"""Teams: who is in them, and who of them is asked to review."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from bot.standin import auth
from bot.standin.bodies import pulls as bodies
from bot.standin.calls import authorised, body, calling_token, pull_request, state
from bot.standin.errors import not_accessible, not_found, unprocessable

teams = Blueprint("teams", __name__)


@teams.get("/orgs/<organisation>/teams/<slug>/memberships/<login>")
def get_membership(organisation: str, slug: str, login: str) -> Response:
    """Whether a person is in a team; 404 where not, or where there is no such team."""
    token = calling_token()
    if not auth.allows(token.permissions, {"members": "read"}):
        raise not_accessible()
    members = state().teams.get(f"{organisation}/{slug}".lower(), set())
    same_organisation = token.installation.account.login.lower() == organisation.lower()
    if not same_organisation or login.lower() not in members:
        raise not_found()
    url = f"{state().api}/teams/1/memberships/{login}"
    return jsonify({"url": url, "role": "member", "state": "active"})


@teams.post("/repos/<owner>/<name>/pulls/<int:number>/requested_reviewers")
def request_reviewers(owner: str, name: str, number: int) -> tuple[Response, int]:
    """The pull request with teams asked to review it; GitHub refuses those it does not know."""
    repository = authorised(owner, name, pull_requests="write")
    pull = pull_request(repository, number)
    slugs = body().get("team_reviewers") or []
    unknown = [slug for slug in slugs if f"{owner}/{slug}".lower() not in state().teams]
    if unknown:
        raise unprocessable("Reviews may only be requested from collaborators.")
    pull.requested_teams += [slug for slug in slugs if slug not in pull.requested_teams]
    return jsonify(bodies.simple(state(), pull)), 201
