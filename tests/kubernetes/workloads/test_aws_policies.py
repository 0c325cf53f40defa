"""Policies of AWS: what they permit and whom they trust, by the grammar that AWS publishes."""

from __future__ import annotations

import json

import pytest

from bot.kubernetes.workloads.aws_policies import (
    Permission,
    permissions,
    principals,
    statements,
)


def policy(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}})


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Action": "s3:*", "Resource": "*"}, [Permission("s3:*", "*")]),
        (
            {"Action": ["a:B", "a:C"], "Resource": ["x", "y"]},
            [
                Permission("a:B", "x"),
                Permission("a:B", "y"),
                Permission("a:C", "x"),
                Permission("a:C", "y"),
            ],
        ),
        ({"NotAction": "iam:*", "Resource": "*"}, [Permission("*", "*")]),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, []),
        ({"Action": 7, "Resource": None}, []),
    ],
)
def test_the_permissions_of_a_statement(
    statement: dict[str, object], expected: list[Permission]
) -> None:
    assert list(permissions(statements(policy(**statement)) or ())) == expected


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "x" * 70_000])
def test_a_policy_that_cannot_be_read(text: str) -> None:
    assert statements(text) is None


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        (Permission("s3:*", "*"), Permission("s3:GetObject", "arn:x"), True),
        (Permission("S3:get*", "*"), Permission("s3:GetObject", "arn:x"), True),
        (Permission("s3:GetObject", "arn:x"), Permission("s3:*", "arn:x"), False),
        (Permission("s3:*", "*", "on tuesdays"), Permission("s3:GetObject", "*"), False),
        (Permission("s3:*", "*"), Permission("s3:GetObject", "*", "on tuesdays"), True),
    ],
)
def test_a_permission_that_covers_another(
    wide: Permission,
    narrow: Permission,
    covered: bool,  # noqa: FBT001
) -> None:
    assert wide.covers(narrow) == covered


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Principal": "*"}, ["everybody"]),
        ({"Principal": {"AWS": "*"}}, ["everybody"]),
        (
            {"Principal": {"AWS": ["1", "2"], "Service": "ec2.amazonaws.com"}},
            ["1", "2", "ec2.amazonaws.com"],
        ),
        (
            {"Principal": {"Federated": "arn:aws:iam::1:oidc-provider/oidc.example/id/A"}},
            ["everybody whom oidc.example/id/A knows"],
        ),
        (
            {
                "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/oidc.example"},
                "Condition": {"StringLike": {"oidc.example:sub": "system:serviceaccount:shop:*"}},
            },
            ["ServiceAccount shop/*"],
        ),
        (
            {
                "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/token.example"},
                "Condition": {"StringEquals": {"token.example:sub": ["repo:a/b:ref:main"]}},
            },
            ["repo:a/b:ref:main of token.example"],
        ),
    ],
)
def test_who_may_assume_a_role(statement: dict[str, object], expected: list[str]) -> None:
    trusted = principals(statements(policy(**statement)) or ())

    assert [principal.words for principal in trusted] == expected
