"""Pull requests: read, compared, merged."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from bot.standin import changes
from bot.standin.bodies import pulls as bodies
from bot.standin.calls import author, authorised, body, context, page, pull_request, state
from bot.standin.errors import HttpRefusal
from bot.standin.git import merging
from bot.standin.repositories import StandInPullRequest

pulls = Blueprint("pulls", __name__)
# https://docs.github.com/rest/pulls/pulls#list-pull-requests-files
MAXIMUM_FILES = 3000


@pulls.get("/repos/<owner>/<name>/pulls")
def list_pulls(owner: str, name: str) -> Response:
    """The pull requests, newest first, in the state and of the branches asked for."""
    repository = authorised(owner, name, pull_requests="read")
    requested = request.args.get("state", "open")
    head, base = request.args.get("head"), request.args.get("base")

    def matches(pull: StandInPullRequest) -> bool:
        label = f"{pull.head_repository.owner.login}:{pull.head_ref}"
        return (
            requested in ("all", pull.state)
            and head in (None, label)
            and base in (None, pull.base_ref)
        )

    listed = sorted(filter(matches, repository.pulls.values()), key=lambda pull: -pull.number)
    if request.args.get("direction") == "asc":
        listed.reverse()
    return page(listed, lambda pull: bodies.simple(state(), pull))


@pulls.get("/repos/<owner>/<name>/pulls/<int:number>")
def get_pull(owner: str, name: str, number: int) -> Response:
    """One pull request."""
    repository = authorised(owner, name, pull_requests="read")
    return jsonify(bodies.full(state(), pull_request(repository, number)))


@pulls.get("/repos/<owner>/<name>/pulls/<int:number>/files")
def list_files(owner: str, name: str, number: int) -> Response:
    """What the pull request changes, with the patches as git makes them."""
    repository = authorised(owner, name, pull_requests="read")
    pull = pull_request(repository, number)
    files = sorted(changes.files(pull), key=lambda file: file.path)[:MAXIMUM_FILES]
    return page(files, lambda file: bodies.file(state(), pull, file))


@pulls.get("/repos/<owner>/<name>/commits/<sha>/pulls")
def list_for_commit(owner: str, name: str, sha: str) -> Response:
    """The pull requests that a commit is part of."""
    repository = authorised(owner, name, pull_requests="read")
    if repository.git.resolve(sha) is None:
        raise HttpRefusal(422, f"No commit found for SHA: {sha}")
    containing = [
        pull
        for pull in repository.pulls.values()
        if sha in (pull.head_sha, pull.merge_commit_sha) or sha in changes.commits(pull)
    ]
    return page(containing, lambda pull: bodies.simple(state(), pull))


@pulls.put("/repos/<owner>/<name>/pulls/<int:number>/merge")
def merge(owner: str, name: str, number: int) -> Response:
    """The merge, where nothing is in the way; 405 and the reason otherwise."""
    repository = authorised(owner, name, contents="write")
    pull = pull_request(repository, number)
    try:
        sha = merging.merge(context(), pull, author().account, body().get("sha"))
    except merging.MergeRefused as refused:
        raise HttpRefusal(refused.status, str(refused)) from refused
    return jsonify({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})
