"""A repository: its refs and branches, its contents, its rules, who may do what in it."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from bot.standin.auth import person_of, readable
from bot.standin.bodies import accounts
from bot.standin.bodies import repository as bodies
from bot.standin.bodies.accounts import stamp
from bot.standin.calls import authorised, credential, page, state
from bot.standin.errors import HttpRefusal, not_found
from bot.standin.repositories import Body, StandInRepository
from bot.standin.state import node_id

repositories = Blueprint("repositories", __name__)
_RESOLUTION: Body = {
    "dismiss_stale_reviews_on_push": False,
    "require_code_owner_review": False,
    "require_last_push_approval": False,
    "required_approving_review_count": 0,
    "required_review_thread_resolution": True,
}
_QUEUE: Body = {
    "check_response_timeout_minutes": 60,
    "grouping_strategy": "ALLGREEN",
    "max_entries_to_build": 5,
    "max_entries_to_merge": 5,
    "merge_method": "MERGE",
    "min_entries_to_merge": 1,
    "min_entries_to_merge_wait_minutes": 5,
}
_PERIODS = {"day": timedelta(days=1), "week": timedelta(days=7)}
_ROLES = ("pull", "triage", "push", "maintain", "admin")
# Files between these sizes come without content, larger ones not at all.
# https://docs.github.com/rest/repos/contents#get-repository-content
_INLINE_BYTES = 1024 * 1024
_MAXIMUM_BYTES = 100 * 1024 * 1024


@repositories.get("/repos/<owner>/<name>")
def get_repository(owner: str, name: str) -> Response:
    """The repository of this name, for an installation or for a person."""
    text = credential() or ""
    if text.startswith("ghu_"):
        repository = state().repository(owner, name)
        if repository is None or not readable(state(), person_of(state(), text), repository):
            raise not_found()
        return jsonify(bodies.repository(state(), repository))
    return jsonify(bodies.repository(state(), authorised(owner, name)))


@repositories.get("/repos/<owner>/<name>/branches")
def list_branches(owner: str, name: str) -> Response:
    """The branches."""
    repository = authorised(owner, name, contents="read")
    listed = sorted(repository.git.branches().items())
    if request.args.get("protected") == "true":
        listed = [pair for pair in listed if repository.required_checks.get(pair[0])]
    return page(listed, lambda pair: bodies.branch(state(), repository, *pair))


@repositories.get("/repos/<owner>/<name>/activity")
def list_activity(owner: str, name: str) -> Response:
    """How the branches moved, newest first; `after` goes on below an id."""
    repository = authorised(owner, name, contents="read")
    wanted = request.args.get("ref")
    full = wanted if wanted is None or wanted.startswith("refs/") else f"refs/heads/{wanted}"
    period = _PERIODS.get(request.args.get("time_period", ""))
    since = state().clock() - period if period else None
    cursor = request.args.get("after", type=int)
    listed = [
        one
        for one in reversed(repository.activity)
        if (full is None or one.ref == full) and (since is None or one.at >= since)
        if cursor is None or one.id < cursor
    ]
    size = min(max(request.args.get("per_page", 30, type=int), 1), 100)
    answer = jsonify([bodies.activity(state(), one) for one in listed[:size]])
    if len(listed) > size:
        query = urlencode(request.args.to_dict() | {"after": str(listed[size - 1].id)})
        answer.headers["Link"] = f'<{state().url}{request.path}?{query}>; rel="next"'
    return answer


@repositories.get("/repos/<owner>/<name>/git/ref/<path:ref>")
def get_ref(owner: str, name: str, ref: str) -> Response:
    """One ref, named without `refs/`."""
    repository = authorised(owner, name, contents="read")
    commit = repository.git.resolve(f"refs/{ref}")
    if commit is None:
        raise not_found()
    return jsonify(bodies.git_ref(state(), repository, f"refs/{ref}", commit))


@repositories.get("/repos/<owner>/<name>/contents/", defaults={"path": ""})
@repositories.get("/repos/<owner>/<name>/contents/<path:path>")
def get_content(owner: str, name: str, path: str) -> Response:
    """A file with its content, or what a directory holds."""
    repository = authorised(owner, name, contents="read")
    path = path.strip("/")
    ref = request.args.get("ref") or repository.default_branch
    commit = repository.git.resolve(ref)
    if commit is None:
        raise HttpRefusal(404, f"No commit found for the ref {ref}")
    entry = repository.git.entry(commit, path) if path else None
    if not path or (entry and entry.type == "tree"):
        listed = repository.git.list_tree(commit, path)
        return jsonify([bodies.content(state(), repository, item, ref) for item in listed])
    if entry is None:
        raise not_found()
    shape = bodies.content(state(), repository, entry, ref)
    return jsonify(shape | _content(repository, shape, entry.sha, entry.size))


def _content(repository: StandInRepository, shape: Body, sha: str, size: int) -> Body:
    if shape["type"] == "symlink":
        return {"target": repository.git.blob(sha).decode(errors="replace")}
    if shape["type"] == "submodule":
        # Where it really is says .gitmodules, which the stand-in does not read.
        return {"submodule_git_url": f"{state().url}/{repository.owner.login}/{shape['name']}.git"}
    if size > _MAXIMUM_BYTES:
        raise HttpRefusal(403, "This API returns blobs up to 100 MB in size.")
    if size > _INLINE_BYTES:
        return {"encoding": "none", "content": ""}
    return bodies.encoded(repository.git.blob(sha))


@repositories.get("/repos/<owner>/<name>/collaborators/<login>/permission")
def get_permission(owner: str, name: str, login: str) -> Response:
    """What a person may do in the repository."""
    repository = authorised(owner, name)
    account = state().accounts.get(login)
    if account is None:
        raise not_found()
    role = "admin" if account is repository.owner else repository.collaborators.get(login)
    permission = role or ("none" if repository.private else "read")
    rank = {"none": -1, "read": 0, "write": 2, "admin": 4}[permission]
    can = {each: place <= rank for place, each in enumerate(_ROLES)}
    user = accounts.user(state(), account) | {"permissions": can, "role_name": permission}
    return jsonify({"permission": permission, "role_name": permission, "user": user})


@repositories.get("/repos/<owner>/<name>/rules/branches/<path:branch>")
def get_rules(owner: str, name: str, branch: str) -> Response:
    """The rules that hold for a branch: its required checks, and resolved conversations."""
    repository = authorised(owner, name)
    if repository.ruleset.enforcement != "active":
        return jsonify([])
    return jsonify([_source(repository) | rule for rule in _rules(repository, branch)])


@repositories.get("/repos/<owner>/<name>/rulesets")
def list_rulesets(owner: str, name: str) -> Response:
    """The one ruleset that the stand-in has, of the branches with required checks."""
    repository = authorised(owner, name)
    return page([repository] if repository.required_checks else [], _ruleset)


@repositories.get("/repos/<owner>/<name>/rulesets/<int:number>")
def get_ruleset(owner: str, name: str, number: int) -> Response:
    """The ruleset with its rules; who may bypass it is shown to those alone who may edit it."""
    repository = authorised(owner, name)
    if number != repository.id or not repository.required_checks:
        raise not_found()
    branches = list(repository.required_checks)
    included = [f"refs/heads/{branch}" for branch in branches]
    rules = [rule for branch in branches for rule in _rules(repository, branch)]
    more = {"conditions": {"ref_name": {"include": included, "exclude": []}}, "rules": rules}
    if repository.ruleset.bypass is not None:
        more["bypass_actors"] = repository.ruleset.bypass
    return jsonify(_ruleset(repository) | more)


def _ruleset(repository: StandInRepository) -> Body:
    address = f"{state().url}/{repository.full_name}/rules/{repository.id}"
    return {
        "id": repository.id,
        "name": "protected branches",
        "target": "branch",
        "source_type": "Repository",
        "source": repository.full_name,
        "enforcement": repository.ruleset.enforcement,
        "node_id": node_id("RRS", repository.id),
        "_links": {"html": {"href": address}},
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.created_at),
    }


def _rules(repository: StandInRepository, branch: str) -> list[Body]:
    rules = [_status_checks(repository, branch)] if repository.required_checks.get(branch) else []
    if branch in repository.resolved_branches:
        rules.append({"type": "pull_request", "parameters": _RESOLUTION})
    if repository.ruleset.merge_queue:
        rules.append({"type": "merge_queue", "parameters": _QUEUE})
    return rules


def _source(repository: StandInRepository) -> Body:
    return {
        "ruleset_source_type": "Repository",
        "ruleset_source": repository.full_name,
        "ruleset_id": repository.id,
    }


def _status_checks(repository: StandInRepository, branch: str) -> Body:
    required = repository.required_checks.get(branch, [])
    checks = [
        {"context": check.context}
        | ({"integration_id": check.app_id} if check.app_id is not None else {})
        for check in required
    ]
    return {
        "type": "required_status_checks",
        "parameters": {
            "strict_required_status_checks_policy": repository.ruleset.strict,
            "do_not_enforce_on_create": False,
            "required_status_checks": checks,
        },
    }
