"""Signing by a command that has the key, as GitHub sees it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bot.errors import GitHubError, UsageError
from bot.github.app.inspection import Inspection
from bot.github.auth import Gateway
from bot.github.signing import SigningCommand, app_auth
from bot.standin import StandIn

SIGN = """\
import base64, sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
key = serialization.load_pem_private_key(open(sys.argv[1], "rb").read(), None)
made = key.sign(sys.stdin.buffer.read(), padding.PKCS1v15(), hashes.SHA256())
forms = {
    "raw": lambda: made,
    "base64": lambda: base64.encodebytes(made),
    "base64url": lambda: base64.urlsafe_b64encode(made).rstrip(b"="),
}
sys.stdout.buffer.write(forms[sys.argv[2]]())
"""


def python(script: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script, *arguments)


@pytest.mark.parametrize("form", ["raw", "base64", "base64url"])
def test_github_takes_what_a_command_signed(stand_in: StandIn, tmp_path: Path, form: str) -> None:
    app = stand_in.create_app()
    key = tmp_path / "key.pem"
    key.write_text(app.private_key)

    auth = app_auth(str(app.id), python(SIGN, str(key), form))
    with Inspection(auth, stand_in.api_url) as github:
        found = github.app().body

    assert found["id"] == app.id


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (python("raise SystemExit(3)"), "ended with status 3"),
        (python("print('no signature')"), "wrote no RSA signature"),
        (python("print('YQ==')"), "wrote no RSA signature"),
        (("/nonexistent/sign",), "cannot be run: No such file or directory"),
    ],
)
def test_a_command_that_does_not_sign_is_told_and_may_be_tried_again(
    command: tuple[str, ...], message: str
) -> None:
    with pytest.raises(GitHubError, match=f"PRIVATE_KEY_COMMAND {message}") as caught:
        SigningCommand(command)({"iss": "1"})
    assert caught.value.retryable


def test_the_service_does_not_start_with_it() -> None:
    with pytest.raises(UsageError, match="PRIVATE_KEY_COMMAND ended with status 3"):
        Gateway("1", python("raise SystemExit(3)"), "https://api.github.com")
