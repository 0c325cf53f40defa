"""Values of a policy that are legal and rarely meant."""

from __future__ import annotations

from datetime import date

import pytest

from bot.core.policy.document import parse_document
from bot.kubernetes.policy_warnings import policy_warnings

TODAY = date(2026, 11, 30)


def warned(text: str) -> list[tuple[int, str]]:
    return [(each.line, each.message) for each in policy_warnings(parse_document(text), TODAY)]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            "*",
            (
                "'*' approves nothing: an entry is not a glob: name a registry "
                "or a part of one, such "
                "as 'ghcr.io/example', which includes everything below it"
            ),
        ),
        (
            "ghcr.io/Example/App",
            (
                "'ghcr.io/Example/App' approves nothing: the path of an image is lower case, write "
                "'ghcr.io/example/app'"
            ),
        ),
        (
            "ghcr.io/example//app",
            (
                "'ghcr.io/example//app' approves nothing: it is not a registry, "
                "a part of one, or an image, "
                "such as 'ghcr.io/example'"
            ),
        ),
        (
            "ghcr.io/example/app:v1",
            (
                "'ghcr.io/example/app:v1' approves only this tag, not the next version: write "
                "'ghcr.io/example/app' for every version"
            ),
        ),
        (
            "docker.io",
            (
                "'docker.io' approves everything that anybody publishes there: name your "
                "organisation, such as 'docker.io/example'"
            ),
        ),
    ],
)
def test_entries_that_approve_other_images_than_they_seem_to(entry: str, message: str) -> None:
    assert warned(f"images:\n  approved:\n  - registry.example.com\n  - '{entry}'\n") == [
        (4, message)
    ]


@pytest.mark.parametrize(
    "entry",
    [
        "registry.example.com",
        "Registry.Example.com/team",
        "ghcr.io/example",
        "ghcr.io/example/*",
        "bitnami/",
        "nginx",
        f"ghcr.io/example/app@sha256:{'0' * 64}",
        f"ghcr.io/example/app:v1@sha256:{'0' * 64}",
    ],
)
def test_entries_that_mean_what_they_say(entry: str) -> None:
    assert warned(f"images:\n  approved: ['{entry}']\n") == []


def test_what_switches_everything_off_also_for_one_branch() -> None:
    text = "block: never\nbranches:\n- names: [dev]\n  ignore: ['**']\n"

    assert warned(text) == [
        (
            1,
            "with block: never no finding blocks a merge; mode: observe also says what would have",
        ),
        (4, "ignore matches every file, so nothing is reviewed"),
    ]
    assert warned("ignore: [docs, '*.md', 'test/**']\n") == []


def test_waivers_without_limit() -> None:
    text = (
        "waivers:\n"
        "- {rule: resource-pruned, reason: r, expires: 2027-11-30}\n"
        "- {rule: resource-pruned, reason: r, expires: 2030-01-01}\n"
        "- {environments: [dev], reason: r, expires: 2027-01-01}\n"
    )

    assert warned(text) == [
        (3, "this waiver lasts until 2030-01-01, longer than a year"),
        (4, "this waiver matches every finding: name a rule or a resource"),
    ]


def test_an_empty_policy_has_no_surprises() -> None:
    assert warned("") == warned("version: 1\nimages:\nwaivers: []\n") == []
