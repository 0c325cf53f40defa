"""Which policies need no new analysis."""

from __future__ import annotations

import pytest

from bot.core.policy.reading import parse_policy
from bot.core.policy.reuse import answers_for


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", True),
        ("", "rules: {manifest-invalid: off}", True),
        ("rules: {manifest-invalid: off}", "", False),
        ("", "rules: {manifest-invalid: {mode: observe}}", True),
        ("", "rules: {manifest-invalid: warning}", False),
        ("", "rules: {image-tag-mutable: {any-tag: true}}", False),
        ("", "mode: observe\ninline: never\nincomplete: allow\nnew-rules: enforce", True),
        ("", "approvals: [{rules: ['*'], users: [octocat]}]", True),
        ("", "waivers: [{rule: x, reason: y, expires: 2027-01-01}]", True),
        ("", "block: warning", False),
        ("", "ignore: [apps/**]", False),
        ("", "images: {approved: [ghcr.io]}", False),
        ("", "privileged-namespaces: [ci]", False),
        ("ignore: [a]\nrules: {x: error}", "ignore: [a]\nrules: {x: error, y: off}", True),
    ],
)
def test_only_what_is_made_of_findings_may_differ(
    before: str, after: str, *, expected: bool
) -> None:
    assert answers_for(parse_policy(before), parse_policy(after)) is expected
