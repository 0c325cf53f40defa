"""The text by which a check run is mapped to what it is about."""

from __future__ import annotations

import pytest

from bot.github.external_id import ExternalId

BASE = "b" * 40


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("v1:4:", ExternalId("pull", 4)),
        ("v1:4:0123456789abcdef", ExternalId("pull", 4, "0123456789abcdef")),
        ("v1:4:abc:done:success", ExternalId("pull", 4, "abc", "done", "success")),
        ("v1:4:abc:done:success:quiet", ExternalId("pull", 4, "abc", "done", "success", True)),
        ("v1:4:abc:judged:failure", ExternalId("pull", 4, "abc", "judged", "failure")),
        ("v1:4:abc:failed", ExternalId("pull", 4, "abc", "failed")),
        ("v1:4::superseded", ExternalId("pull", 4, "", "superseded")),
        (f"v1:queue:7:{BASE}", ExternalId("queue", 7, BASE)),
        ("v1:queue:7::superseded", ExternalId("queue", 7, "", "superseded")),
        (f"v1:push:{BASE}:done", ExternalId("push", 0, BASE, "done")),
        ("v1:installed:done:success", ExternalId("installed", 0, "", "done", "success")),
    ],
)
def test_an_identity_and_its_text_are_the_same(text: str, identity: ExternalId) -> None:
    assert (ExternalId.parse(text), str(identity)) == (identity, text)


@pytest.mark.parametrize(
    "text", ["", "v1:4", "v2:4:abc", "v1:pull:4", "release", "v1:1234567890123:"]
)
def test_a_text_of_somebody_else_is_no_identity(text: str) -> None:
    assert ExternalId.parse(text) is None


def test_an_ending_of_a_newer_release_is_no_ending() -> None:
    assert ExternalId.parse("v1:4:abc:paused:x") == ExternalId("pull", 4, "abc")
