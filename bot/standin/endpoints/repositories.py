"""A repository: its refs and branches, its contents, its rules, who may do what in it."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from bot.standin.bodies import accounts
from bot.standin.bodies import repository as bodies
from bot.standin.calls import authorised, page, state
from bot.standin.errors import HttpRefusal, not_found
from bot.standin.state import Body, StandInRepository

repositories = Blueprint("repositories", __name__)
_RESOLUTION: Body = {
    "dismiss_stale_reviews_on_push": False,
    "require_code_owner_review": False,
    "require_last_push_approval": False,
    "required_approving_review_count": 0,
    "required_review_thread_resolution": True,
}
_ROLES = ("pull", "triage", "push", "maintain", "admin")
# Files between these sizes come without content, larger ones not at all.
# https://docs.github.com/rest/repos/contents#get-repository-content
_INLINE_BYTES = 1024 * 1024
_MAXIMUM_BYTES = 100 * 1024 * 1024


@repositories.get("/repos/<owner>/<name>")
def get_repository(owner: str, name: str) -> Response:
    """The repository of this name."""
    return jsonify(bodies.repository(state(), authorised(owner, name)))


@repositories.get("/repos/<owner>/<name>/branches")
def list_branches(owner: str, name: str) -> Response:
    """The branches."""
    one = authorised(owner, name, contents="read")
    listed = sorted(one.git.branches().items())
    if request.args.get("protected") == "true":
        listed = [pair for pair in listed if one.required_checks.get(pair[0])]
    return page(listed, lambda pair: bodies.branch(state(), one, *pair))


@repositories.get("/repos/<owner>/<name>/git/ref/<path:ref>")
def get_ref(owner: str, name: str, ref: str) -> Response:
    """One ref, named without `refs/`."""
    one = authorised(owner, name, contents="read")
    found = one.git.resolve(f"refs/{ref}")
    if found is None:
        raise not_found()
    return jsonify(bodies.git_ref(state(), one, f"refs/{ref}", found))


@repositories.get("/repos/<owner>/<name>/contents/", defaults={"path": ""})
@repositories.get("/repos/<owner>/<name>/contents/<path:path>")
def get_content(owner: str, name: str, path: str) -> Response:
    """A file with its content, or what a directory holds."""
    one = authorised(owner, name, contents="read")
    path = path.strip("/")
    ref = request.args.get("ref") or one.default_branch
    commit = one.git.resolve(ref)
    if commit is None:
        raise HttpRefusal(404, f"No commit found for the ref {ref}")
    entry = one.git.entry(commit, path) if path else None
    if not path or (entry and entry.type == "tree"):
        listed = one.git.list_tree(commit, path)
        return jsonify([bodies.content(state(), one, item, ref) for item in listed])
    if entry is None:
        raise not_found()
    shape = bodies.content(state(), one, entry, ref)
    return jsonify(shape | _content(one, shape, entry.sha, entry.size))


def _content(one: StandInRepository, shape: Body, sha: str, size: int) -> Body:
    if shape["type"] == "symlink":
        return {"target": one.git.blob(sha).decode(errors="replace")}
    if shape["type"] == "submodule":
        # Where it really is says .gitmodules, which the stand-in does not read.
        return {"submodule_git_url": f"{state().url}/{one.owner.login}/{shape['name']}.git"}
    if size > _MAXIMUM_BYTES:
        raise HttpRefusal(403, "This API returns blobs up to 100 MB in size.")
    if size > _INLINE_BYTES:
        return {"encoding": "none", "content": ""}
    return bodies.encoded(one.git.blob(sha))


@repositories.get("/repos/<owner>/<name>/collaborators/<login>/permission")
def get_permission(owner: str, name: str, login: str) -> Response:
    """What a person may do in the repository."""
    one = authorised(owner, name)
    account = state().accounts.get(login)
    if account is None:
        raise not_found()
    role = "admin" if account is one.owner else one.collaborators.get(login)
    permission = role or ("none" if one.private else "read")
    rank = {"none": -1, "read": 0, "write": 2, "admin": 4}[permission]
    can = {each: place <= rank for place, each in enumerate(_ROLES)}
    user = accounts.user(state(), account) | {"permissions": can, "role_name": permission}
    return jsonify({"permission": permission, "role_name": permission, "user": user})


@repositories.get("/repos/<owner>/<name>/rules/branches/<path:branch>")
def get_rules(owner: str, name: str, branch: str) -> Response:
    """The rules that hold for a branch: its required checks, and resolved conversations."""
    one = authorised(owner, name)
    rules = [_status_checks(one, branch)] if one.required_checks.get(branch) else []
    if branch in one.resolved_branches:
        rules.append(_source(one) | {"type": "pull_request", "parameters": _RESOLUTION})
    return jsonify(rules)


def _source(one: StandInRepository) -> Body:
    return {
        "ruleset_source_type": "StandInRepository",
        "ruleset_source": one.full_name,
        "ruleset_id": one.id,
    }


def _status_checks(one: StandInRepository, branch: str) -> Body:
    required = one.required_checks.get(branch, [])
    checks = [
        {"context": check.context}
        | ({"integration_id": check.app_id} if check.app_id is not None else {})
        for check in required
    ]
    return _source(one) | {
        "type": "required_status_checks",
        "parameters": {
            "strict_required_status_checks_policy": False,
            "do_not_enforce_on_create": False,
            "required_status_checks": checks,
        },
    }
