"""What identifies findings, problems and content across pushes and releases.

Approvals, waivers and comments carry these values: another value loses them.
"""

from __future__ import annotations

from types import MappingProxyType

import pytest

from bot.core.engine.consent import ConsentContent, combined_content, file_content
from bot.core.engine.decide import in_short
from bot.core.engine.judge import fingerprint
from bot.core.engine.review import Location, Problem, ProblemSubject, problem_about
from bot.core.finding import FileLine, Finding
from bot.core.resource import ResourceKey
from tests.states import world

PLACE = Location("a.yaml", 3, "RIGHT")


def test_a_problem_is_identified_by_what_it_is_about_and_what_that_rests_on() -> None:
    subject = ProblemSubject("root apps", ("b", "a", "b"))

    assert problem_about(subject, "unrendered", PLACE, "It failed.", new=True) == Problem(
        "unrendered",
        True,
        PLACE,
        "It failed.",
        "a47baf591584a8e6d3f5",
        "852635742d6eb30fdccb0e7c1b53d92f",
    )


def test_a_problem_without_inputs_has_no_digest() -> None:
    problem = problem_about(ProblemSubject("root apps"), "unrendered", None, "No.", new=False)

    assert (problem.id, problem.digest, problem.approvable) == ("a47baf591584a8e6d3f5", "", False)


def test_a_finding_on_a_field_is_identified_by_resource_field_and_key() -> None:
    state = world("kind: Service\napiVersion: v1\nmetadata: {name: api, namespace: shop}\n")
    service = state.get(ResourceKey("", "Service", "shop", "api"))
    assert service is not None
    finding = Finding(service.at("metadata", "name"), "text", key="a key")

    assert fingerprint("some-rule", finding) == "4ff2afe41dcea11e240b"


def test_a_finding_on_a_file_is_identified_by_path_and_key() -> None:
    finding = Finding(FileLine("a.yaml", 7), "text", key="a key")

    assert fingerprint("some-rule", finding) == "664190c850508be9f22e"


def test_the_content_of_a_file_is_its_content_id() -> None:
    assert file_content("0123") == ConsentContent("ba6623e753ac26bd53447217c45cb3b8")


def test_content_of_several_environments_is_that_of_each_once_in_any_order() -> None:
    first = ConsentContent("1" * 32, MappingProxyType({"a": "x", "b": "y"}))
    second = ConsentContent("2" * 32, MappingProxyType({"a": "x", "c": "z"}))

    assert combined_content([first, first]) == first
    assert combined_content([second, first, second]) == combined_content([first, second])
    assert combined_content([first, second]) == ConsentContent(
        "0e14de1b12648fcb7ea0b43e1d111298",
        MappingProxyType({"a": "85084767", "b": "c5ee3534", "c": "2f33e7f1"}),
    )


@pytest.mark.parametrize(
    ("text", "short"), [("12345", "12345"), ("123456", "1234…"), ("1234", "1234"), ("", "")]
)
def test_a_long_text_is_cut_to_its_length_with_an_ellipsis(text: str, short: str) -> None:
    assert in_short(text, 5) == short
