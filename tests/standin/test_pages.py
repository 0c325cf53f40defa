"""What a person sees."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest

from bot.standin import StandIn
from bot.standin.markdown import render
from tests.standin.worlds import World, world


def _text(here: World, path: str = "/example/gitops/pull/1") -> str:
    """A page's words, without its style and tags."""
    with urllib.request.urlopen(here.github.url + path) as answer:  # noqa: S310 - our own page
        page: str = answer.read().decode()
    body = page.partition("<main>")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def test_a_pull_request_shows_what_was_posted_and_why_it_is_blocked(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.require_check(here.repository, "fairlead")
    remote = here.remote()
    remote.create_check_run(
        "fairlead",
        here.pull.head_sha,
        conclusion="failure",
        output={
            "title": "1 finding",
            "summary": "**Blocked**",
            "annotations": [
                {
                    "path": "apps/api.yaml",
                    "start_line": 3,
                    "end_line": 3,
                    "annotation_level": "failure",
                    "message": "a message",
                }
            ],
        },
    )
    remote.get_pull(1).create_review(
        body="One thing",
        event="COMMENT",
        comments=[{"path": "apps/api.yaml", "line": 3, "body": "look **here**"}],
    )

    text = _text(here)

    assert "open octocat wants to merge 1 commit into main from topic" in text
    assert "Merging is blocked Required status check &#34;fairlead&#34; is failing." in text
    assert "1 finding Blocked Annotations failure apps/api.yaml:3 a message" in text
    assert "+ line3: changed Comment on line 3 F fairlead bot commented" in text
    assert "look here 4 4 line4: 4" in text


def test_outdated_comments_stand_in_the_conversation(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.review_comment(here.pull, "apps/api.yaml", 3, "why?", by="octocat")
    stand_in.commit(here.repository, "topic", {"apps/api.yaml": "another: file\n"})

    conversation, _, files = _text(here).partition("Files changed")

    assert "-line3: 3 +line3: changed Comment on line 3 outdated" in conversation
    assert "why?" in conversation
    assert "why?" not in files


def test_a_merged_pull_request_says_so(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.merge(here.pull, by="hubot")

    assert "Merged as" in _text(here)
    assert "merged Change the API #1 by octocat" in _text(here, "/")


def _press(here: World, button: str, origin: str) -> int:
    url = f"{here.github.url}/example/gitops/pull/1/{button}"
    request = urllib.request.Request(url, data=b"", headers={"Origin": origin})  # noqa: S310 - our own page
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own page
            status: int = answer.status
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
    return status


def test_a_person_merges_and_runs_checks_again(stand_in: StandIn) -> None:
    here = world(stand_in)
    here.app.webhook_url = "http://127.0.0.1:9"  # nobody listens: the record is what counts
    stand_in.require_check(here.repository, "fairlead")
    own, foreign = stand_in.url, "http://elsewhere.example"

    early = _press(here, "merge", own), here.pull.merged_at
    run = here.remote().create_check_run("fairlead", here.pull.head_sha, conclusion="success")
    strange = _press(here, "merge", foreign), here.pull.merged_at
    again = _press(here, f"rerequest/{run.id}", own), _press(here, "rerequest/1", own)
    merged = _press(here, "merge", own), here.pull.merged_at is not None
    stand_in.deliveries.settle()

    told = [(one.event, one.action) for one in stand_in.deliveries.all()]
    assert (early, strange, again, merged) == ((200, None), (403, None), (200, 404), (200, True))
    assert ("check_run", "rerequested") in told


def test_the_page_asks_again_until_the_checks_have_ended(stand_in: StandIn) -> None:
    here = world(stand_in)
    stand_in.require_check(here.repository, "fairlead")

    def refreshes() -> bool:
        url = f"{stand_in.url}/example/gitops/pull/1"
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own page
            return b'http-equiv="refresh"' in answer.read()

    found = [refreshes()]
    run = here.remote().create_check_run("fairlead", here.pull.head_sha, status="in_progress")
    found.append(refreshes())
    run.edit(conclusion="success")
    found.append(refreshes())

    assert found == [True, True, False]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a <!-- hidden\nmarker --> b", "<p>a  b</p>\n"),
        ("<!-- marker -->\n\n**b**", "\n<p><strong>b</strong></p>\n"),
        ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
        ("a <img src=x onerror=y> b", "<p>a &lt;img src=x onerror=y&gt; b</p>\n"),
        ("<details open><summary>s</summary>", "<details open><summary>s</summary>"),
        ("[a](javascript:b)", "<p>[a](javascript:b)</p>\n"),
        ("`<details>`", "<p><code>&lt;details&gt;</code></p>\n"),
    ],
)
def test_markdown_is_rendered_without_what_could_act(text: str, html: str) -> None:
    assert render(text) == html
