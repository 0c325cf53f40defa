"""Whatever a pull request says, what is posted links, mentions, loads and hides nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from types import MappingProxyType

import pytest
from markdown_it import MarkdownIt

from bot.core.diff.model import ChangedResource, Difference, DifferenceGroup, FieldChange
from bot.core.engine.review import (
    Details,
    ImageChange,
    Location,
    Problem,
    RelatedPlace,
    ResourceReference,
    ReviewFinding,
    Suppressed,
)
from bot.core.finding import Graph, Severity, Steps, Table
from bot.core.policy.model import Policy, Waiver
from bot.core.publish.pages import Pages
from bot.core.publish.report import invalid_policy, whole
from bot.core.resource import ResourceKey
from bot.errors import PolicyError
from tests.core.publish.test_markdown import ACTIVE, HOSTILE
from tests.reviews import MANY, decided, finding

PAGES = Pages("https://fairlead.example/rules", "https://github.example/example/gitops")
BLOB = re.compile(r"https://github\.example/example/gitops/blob/[ab]{40}/[\w.%~/-]*(?:#L\d+)?")
OUR_HTML = re.compile(
    r"<!-- fairlead:v1 finding=[0-9a-z-]* -->\n?|</?sub>|</?details>|<details open>|<br>|"
    r"<summary>(?:1 notice|and 1 more like it|A waiver that lasts longer|"
    r"1 changed, after rendering)</summary>|"
    r"</?summary>"
)


def hostile_finding(text: str) -> ReviewFinding:
    """A finding that says the text wherever a pull request has a say."""
    return replace(
        finding(message=text, path=text, environments=(text, "b"), fingerprint=text),
        resource=ResourceReference(text, text, text, text),
        related=(RelatedPlace(Location(text, 1, "RIGHT"), text), RelatedPlace(None, text)),
        facts=MappingProxyType({text: text}),
        details=Details(
            (Table((text, "b"), ((text, text),)),),
            (Steps(text, (text, text)),),
            (Graph(((text, text, text),)),),
        ),
    )


def posted(text: str) -> str:
    found = hostile_finding(text)
    summary = replace(
        MANY, images=(ImageChange(ResourceReference("", text, text, text), text, text, text),)
    )
    problem = Problem("unreadable", True, Location(text, None, "RIGHT"), text)
    policy = Policy(
        waivers=(Waiver(text or "-", date(2027, 1, 1), rule="image-tag-mutable"),),
        owners=(),
    )
    review = decided(
        found,
        replace(found, rule="image-tag-mutable"),
        replace(found, severity=Severity.NOTICE),
        replace(found, location=None, message=f"{text} 1"),
        replace(found, location=None, message=f"{text} 2"),
        policy=policy,
        problems=(problem,),
        summary=summary,
    )
    assert [type(held) for held in review.suppressed] == [Suppressed]
    group = DifferenceGroup(
        "changed",
        (ChangedResource(ResourceKey(text, text, text, text), (text,)),),
        (FieldChange(text, text, text),),
    )
    return whole(replace(review, difference=Difference((group,))), policy, PAGES)


@pytest.mark.parametrize("text", [*HOSTILE, "```mermaid\nclick n0", '"]; click n0 "x'], ids=ascii)
def test_nothing_in_a_posted_text_is_active(text: str) -> None:
    _assert_inert(posted(text))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_in_an_invalid_policy_is_active(text: str) -> None:
    _assert_inert(invalid_policy(PolicyError(f"line 1: {text}\nline 2: {text!r}", 1), text)[1])


def _assert_inert(markdown: str) -> None:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = [held for token in parser.parse(markdown) for held in (token, *(token.children or ()))]
    links = {token.attrs["href"] for token in tokens if token.type == "link_open"}
    html = "".join(token.content for token in tokens if token.type.startswith("html"))
    plain = [token.content for token in tokens if token.type == "text"]
    fences = {token.info for token in tokens if token.type == "fence"}
    headings = [
        tokens[place + 1].content
        for place, token in enumerate(tokens)
        if token.type == "heading_open"
    ]

    assert {link for link in links if not BLOB.fullmatch(link)} <= {
        f"{PAGES.rules}/service-exposed",
        f"{PAGES.rules}/image-tag-mutable",
    }
    assert "image" not in {token.type for token in tokens}
    assert OUR_HTML.sub("", html).strip() == ""
    assert [text for text in plain if ACTIVE.search(text)] == []
    assert fences <= {"diff", "mermaid", "yaml"}
    assert set(headings) <= {
        "Findings",
        "What changes in the cluster",
        "What could not be reviewed",
        "Waived",
        "How to unblock",
    }
