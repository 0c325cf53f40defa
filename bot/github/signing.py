"""Signing as the App: with its key, or by a command that has the key (a KMS, an HSM)."""

from __future__ import annotations

import base64
import binascii
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from github import Auth

from bot.errors import GitHubError

Key: TypeAlias = str | tuple[str, ...]
"""An RSA key in PEM, or the words of a command that signs."""

_SECONDS: Final = 20
_HEADER: Final = {"alg": "RS256", "typ": "JWT"}
_LENGTHS: Final = (256, 384, 512)
"""Bytes of a signature by an RSA key of 2048, 3072 and 4096 bits."""


def app_auth(app_id: str, key: Key) -> Auth.AppAuth:
    """The App's authentication for PyGithub."""
    if isinstance(key, str):
        return Auth.AppAuth(app_id, key)
    return Auth.AppAuth(app_id, sign_func=SigningCommand(key))


@dataclass(frozen=True, slots=True)
class SigningCommand:
    """Signs by a command: RSASSA-PKCS1-v1_5 with SHA-256 over its standard input.

    The command runs without a shell, reads the signing input and writes the signature, raw or in
    base64.
    """

    words: tuple[str, ...]

    def __call__(self, claims: Mapping[str, Any]) -> str:
        """The JSON web token of these claims. Raises GitHubError if the command fails."""
        signing_input = f"{_part(_HEADER)}.{_part(claims)}"
        signature = self._signature(signing_input.encode())
        return f"{signing_input}.{_encoded(signature)}"

    def _signature(self, signing_input: bytes) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command
                self.words,
                input=signing_input,
                stdout=subprocess.PIPE,  # its messages on stderr go to the service's stderr
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _failed(f"took longer than {_SECONDS} seconds") from error
        except OSError as error:
            raise _failed(f"cannot be run: {error.strerror}") from error
        if done.returncode != 0:
            raise _failed(f"ended with status {done.returncode}")
        signature = _decoded(done.stdout)
        if signature is None:
            raise _failed("wrote no RSA signature: write it raw or in base64, and nothing else")
        return signature


def _decoded(output: bytes) -> bytes | None:
    if len(output) in _LENGTHS and not output.isascii():
        return output
    text = b"".join(output.split()).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    try:
        signature = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return None
    return signature if len(signature) in _LENGTHS else None


def _failed(how: str) -> GitHubError:
    return GitHubError(f"PRIVATE_KEY_COMMAND {how}", retryable=True)


def _part(value: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(dict(value), separators=(",", ":")).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
