"""What the data directory contains is known, and what may be deleted may be deleted."""

from __future__ import annotations

import shutil
from fnmatch import fnmatchcase
from pathlib import Path

from bot.standin import StandIn
from bot.standin.accounts import App
from bot.standin.repositories import StandInPullRequest
from bot.standin.service_process import start_service
from bot.store.inventory import DATA, to_back_up, unknown

SETTINGS = {"FAIRLEAD_ALLOW_NO_SANDBOX": "true"}
POLICY = """\
version: 1
images: {approved: [registry.example.com]}
approvals: [{rules: ["*"], users: [hubot]}]
"""
POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n"
    "spec: {containers: [{name: c, image: %s/c:1}]}\n"
)


def _concluded(github: StandIn, pull: StandInPullRequest, directory: Path, app: App) -> str | None:
    """The conclusion of the pull request's check, by a service that runs as long as it takes."""
    service = start_service(directory, app, github.api_url, SETTINGS)
    try:
        github.set_webhook(app, f"{service.url}/webhook")
        run = github.wait_for_check(pull)
        return run.conclusion if run else None
    finally:
        service.stop()


def test_what_may_be_deleted_loses_no_approval(stand_in: StandIn, tmp_path: Path) -> None:
    app = stand_in.create_app()
    files = {
        ".github/fairlead.yml": POLICY.encode(),
        "a.yaml": (POD % "registry.example.com").encode(),
    }
    repository = stand_in.create_repository("example/gitops", files)
    stand_in.install(app, repository)
    stand_in.commit(repository, "change", {"a.yaml": (POD % "evil.example.net").encode()})
    pull = stand_in.open_pull_request(repository, "change")
    directory, data = tmp_path / "service", tmp_path / "service" / "data"
    assert _concluded(stand_in, pull, directory, app) == "failure"
    assert list(unknown(data)) == []
    stand_in.comment(pull, "/fairlead approve all it is on the list", by="hubot")

    service = start_service(directory, app, stand_in.api_url, SETTINGS)
    stand_in.set_webhook(app, f"{service.url}/webhook")
    approved = stand_in.wait_until(
        lambda: (run := stand_in.check_run(pull)) is not None and run.conclusion == "success"
    )
    service.stop()
    assert approved
    assert {name.partition("-")[0] for name in to_back_up(data)} == {"audit.jsonl", "audit.sqlite"}

    for path in data.iterdir():
        entry = next(entry for entry in DATA if fnmatchcase(path.name, entry.pattern))
        if entry.care == "delete while stopped":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    stand_in.commit(repository, "change", {"b.yaml": b"kind: ConfigMap\n"})
    assert _concluded(stand_in, pull, directory, app) == "success", "the approval still holds"
