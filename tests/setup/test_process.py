"""From an empty directory to a reviewed pull request, without a restart."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from pathlib import Path

import requests

from bot.standin import StandIn
from bot.standin.service_process import ServiceProcess, wait_until
from tests.patience import PATIENCE


def start(directory: Path, api_url: str) -> ServiceProcess:
    """`fairlead serve` without any credentials."""
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / f"{len(list(directory.glob('*.log')))}.log"
    with log.open("xb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from bot.cli import main; main()", "serve"],
            env={
                "GITHUB_API_URL": api_url,
                "PORT": "0",
                "ADMIN_PORT": "0",
                "DATA_DIR": str(directory / "data"),
                "FAIRLEAD_ALLOW_NO_SANDBOX": "true",
                "PYTHONUTF8": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    service = ServiceProcess(process, log)
    assert wait_until(lambda: service.url is not None), log.read_text()
    return service


def set_up(service: ServiceProcess) -> requests.Response:
    """The way of a browser through the pages; the last one."""
    (address,) = (str(line["address"]) for line in service.lines() if "address" in line)
    with requests.Session() as browser:
        form = browser.get(address, timeout=PATIENCE).text
        (token,) = re.findall(r'name="token" value="([^"]+)"', form)
        origin = address.partition("/setup")[0]
        confirm = browser.post(
            f"{origin}/setup",
            data={"token": token, "name": "Fairlead", "address": service.url, "keep": "keep"},
            timeout=PATIENCE,
        ).text
        (action,) = re.findall(r'<form method="post" action="([^"]+)"', confirm)
        (manifest,) = re.findall(r'name="manifest" value="([^"]+)"', confirm)
        return browser.post(
            html.unescape(action),
            data={"manifest": html.unescape(manifest)},
            timeout=PATIENCE,
        )


def install_link(page: str) -> str:
    """Where a page leads who wants to install the App."""
    (link,) = re.findall(r'href="([^"]+/installations/new)"', page)
    return html.unescape(link)


def test_the_service_sets_itself_up_and_reviews(stand_in: StandIn, tmp_path: Path) -> None:
    service = start(tmp_path, stand_in.api_url)
    try:
        last = set_up(service)
        assert last.status_code == 200
        (app,) = stand_in.state.apps.values()
        ready = f"{service.admin_url}/readyz"
        assert wait_until(lambda: requests.get(ready, timeout=PATIENCE).status_code == 200)
        assert requests.get(f"{service.url}/setup", timeout=PATIENCE).status_code == 404

        repository = stand_in.create_repository("octocat/gitops", {"a.yaml": b"a: b\n"})
        link = install_link(last.text)
        home = f"{service.url}/"
        # The service asks GitHub for the App's page while it already answers.
        assert wait_until(lambda: "Install on GitHub" in requests.get(home, timeout=PATIENCE).text)
        assert install_link(requests.get(home, timeout=PATIENCE).text) == link
        chosen = {"repository": str(repository.id)}
        assert requests.post(link, data=chosen, timeout=PATIENCE).status_code == 200
        stand_in.commit(repository, "change", {"b.yaml": b"a: c\n"})
        run = stand_in.wait_for_check(stand_in.open_pull_request(repository, "change"))

        assert run is not None, service.log.read_text()
        assert run.conclusion == "success"
        said = service.log.read_text()
        secrets = (app.webhook_secret, app.private_key.splitlines()[1])
        assert [secret for secret in secrets if secret in said] == []
    finally:
        assert service.stop() == 0

    again = start(tmp_path, stand_in.api_url)
    try:
        assert requests.get(f"{again.admin_url}/readyz", timeout=PATIENCE).status_code == 200
        assert "set-up page" not in {line["event"] for line in again.lines()}
    finally:
        assert again.stop() == 0
    assert json.loads((tmp_path / "data" / "app.json").read_text())["app_id"] == str(app.id)
