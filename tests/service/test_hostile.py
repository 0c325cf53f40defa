"""A pull request by an attacker, through the real service: what it cannot do and gets not out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.standin import StandIn
from tests.service.test_process import BAD, POLICY, SETTINGS, Running, running

VALUES = ("swordfish-in-clear", "swordfish-in-base64", "swordfish-unreadable", "swordfish-env")
SECRET = f"""\
apiVersion: v1
kind: Secret
metadata:
  name: credentials
  namespace: shop
stringData:
  password: {VALUES[0]}
data:
  token: {base64.b64encode(VALUES[1].encode()).decode()}
"""
BROKEN = f"""\
apiVersion: v1
kind: Secret
metadata:
  name: broken
  namespace: shop
stringData: {{password: {VALUES[2]}, [
"""
PASSED_ON = (
    BAD
    + f"""\
          env:
            - name: DATABASE_PASSWORD
              value: {VALUES[3]}
        - name: "@octocat"
          image: "evil.example.net/x:<!-- fairlead --> @octocat \u202egnp.exe ``` </details> #1"
"""
)
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
LAX = "version: 1\nblock: never\nimages:\n  approved: [evil.example.net]\n"


@pytest.fixture
def here(stand_in: StandIn, tmp_path: Path) -> Iterator[Running]:
    settings = {**SETTINGS, "LOG_LEVEL": "debug"}
    with running(stand_in, tmp_path / "service", settings) as made:
        yield made


def test_an_attacker_s_pull_request_is_blocked_and_nothing_of_it_gets_out(here: Running) -> None:
    here.github.require_check(here.repository, "fairlead", app=here.app)
    files = {
        "secret.yaml": SECRET,
        "broken.yaml": BROKEN,
        "api.yaml": PASSED_ON,
        ".github/fairlead.yml": LAX,
    }
    here.github.commit(
        here.repository, "change", {path: text.encode() for path, text in files.items()}
    )
    pull = here.github.open_pull_request(
        here.repository, "change", title="@octocat \u202e" + "x" * 1_000_000, author="mallory"
    )
    assert here.concluded(pull).conclusion == "failure"
    assert here.done()
    # Somebody writes our hidden marker, and a command that is not theirs to give.
    [ours, *_] = pull.comments
    here.github.review_comment(pull, "api.yaml", 15, ours.body, by="mallory")
    here.github.comment(pull, "/fairlead override because", by="stranger")
    here.github.rerequest(pull, here.concluded(pull))
    assert here.done(2)
    run = here.concluded(pull)
    assert run.conclusion == "failure"
    assert any("policy" in one.body for one in pull.comments), "the edit of the policy is found"
    assert here.github.merge_refused(pull) is not None

    sent = [
        f"{one.path} {one.query} {one.request}"
        for one in here.github.exchanges.all()
        if one.request is not None
    ]
    logged = [path.read_text(encoding="utf-8") for path in here.directory.glob("*.log")]
    encoded = [base64.b64encode(value.encode()).decode() for value in VALUES]
    told = "\n".join([*sent, *logged])
    assert [value for value in (*VALUES, *encoded) if value in told] == []
    said = [run.title or "", run.summary or "", *(one.body for one in pull.comments[:-1])]
    assert [text for text in said if "\u202e" in text or "x" * 1000 in text] == []
    assert [text for text in said if _reaches_somebody(text)] == []
    assert POLICY not in told


def _reaches_somebody(text: str) -> bool:
    """Whether a name is called outside of code, where GitHub calls nobody."""
    return "@octocat" in _CODE.sub("", text)
