"""The plan: what is posted, edited, taken away, and left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.engine.review import Review, ReviewFinding, Suggestion
from bot.core.finding import Severity, Side
from bot.core.policy.model import Policy, Threshold
from bot.core.publish.operations import (
    Annotation,
    ChangedFile,
    ConcludeCheck,
    DeleteComment,
    EditComment,
    InlineComment,
    MinimizeComment,
    Operation,
    Posted,
    PostedComment,
    PostFileComment,
    PostReview,
)
from bot.core.publish.plan import MOST_COMMENTS, plan
from bot.core.publish.report import comment, review_body, summary
from tests.reviews import decided, finding

OURS = "fairlead[bot]"
PATCH = "@@ -10,4 +10,5 @@\n ten\n-eleven\n+ELEVEN\n+twelve\n thirteen\n fourteen"
FILES = (ChangedFile("apps/api.yaml", PATCH), ChangedFile("apps/image.yaml", None))


def planned(
    review: Review, *posted: PostedComment, policy: Policy | None = None
) -> tuple[Operation, ...]:
    """The operations but for the end of the check, which is always the last."""
    operations = plan(review, policy or Policy(), Posted(OURS, posted), FILES)
    assert [type(held) for held in operations].index(ConcludeCheck) == len(operations) - 1
    return operations[:-1]


def posted(
    found: ReviewFinding, *, number: int = 1, author: str = OURS, line: int | None = 12
) -> PostedComment:
    body = comment(replace(found, blocks=found.severity is Severity.ERROR), Policy())
    return PostedComment(number, f"node{number}", author, body, "apps/api.yaml", line)


def review_of(review: Review, *comments: InlineComment) -> PostReview:
    return PostReview(review_body(review, Policy()), comments)


def test_a_clean_pull_request_gets_no_comment() -> None:
    assert planned(decided()) == ()


@pytest.mark.parametrize(
    ("line", "side", "expected"),
    [(12, "RIGHT", (12, "RIGHT")), (11, "LEFT", (11, "LEFT")), (12, "LEFT", (13, "RIGHT"))],
)
def test_a_new_finding_is_a_comment_on_its_line(
    line: int, side: Side, expected: tuple[int, Side]
) -> None:
    review = decided(finding(line=line, side=side))

    body = comment(review.findings[0], Policy())
    assert planned(review) == (
        review_of(
            review, InlineComment(review.findings[0].fingerprint, "apps/api.yaml", *expected, body)
        ),
    )


@pytest.mark.parametrize(
    ("path", "line"), [("apps/api.yaml", 90), ("apps/api.yaml", None), ("apps/image.yaml", 1)]
)
def test_a_finding_outside_the_difference_is_a_comment_on_its_file(
    path: str, line: int | None
) -> None:
    review = decided(finding(path=path, line=line))

    assert planned(review) == (
        PostFileComment(
            review.findings[0].fingerprint, path, comment(review.findings[0], Policy())
        ),
    )


@pytest.mark.parametrize("path", ["apps/other.yaml", None])
def test_a_finding_outside_the_pull_request_stands_in_the_summary_alone(path: str | None) -> None:
    review = decided(finding(path=path))

    *before, check = plan(review, Policy(), Posted(OURS), FILES)

    assert before == []
    assert isinstance(check, ConcludeCheck)
    assert "is newly reachable from outside" in check.summary


def test_a_removed_thing_of_a_renamed_file_stands_in_the_file_that_it_became() -> None:
    review = decided(finding(path="apps/old.yaml", line=11, side="LEFT"))
    files = (ChangedFile("apps/new.yaml", PATCH, previous_path="apps/old.yaml"),)

    first, _ = plan(review, Policy(), Posted(OURS), files)

    assert isinstance(first, PostReview)
    assert [(held.path, held.line, held.side) for held in first.comments] == [
        ("apps/new.yaml", 11, "LEFT")
    ]


def test_a_finding_below_the_threads_severity_gets_no_thread() -> None:
    review = decided(finding(severity=Severity.WARNING))

    assert planned(review, policy=Policy(inline=Threshold.ERROR)) == ()


def test_a_suggestion_is_a_comment_on_just_its_lines() -> None:
    found = finding(line=11, suggestion=Suggestion(11, 12, "a\nb"))
    review = decided(found)

    body = comment(review.findings[0], Policy(), suggest=True)
    assert planned(review) == (
        review_of(
            review,
            InlineComment(
                review.findings[0].fingerprint, "apps/api.yaml", 12, "RIGHT", body, start_line=11
            ),
        ),
    )
    assert "```suggestion" in body


@pytest.mark.parametrize("suggestion", [Suggestion(12, 20, "x"), Suggestion(13, 12, "x")])
def test_a_suggestion_that_no_hunk_holds_is_left_out(suggestion: Suggestion) -> None:
    review = decided(finding(suggestion=suggestion))

    body = comment(review.findings[0], Policy())
    assert planned(review) == (
        review_of(
            review,
            InlineComment(review.findings[0].fingerprint, "apps/api.yaml", 12, "RIGHT", body),
        ),
    )
    assert "suggestion" not in body


@pytest.mark.parametrize(
    "unsafe",
    [
        finding(kind="Secret", suggestion=Suggestion(12, 12, "  a: hunter2")),
        finding(suggestion=Suggestion(12, 12, "image: a\u202eb")),
        finding(suggestion=Suggestion(12, 12, "x" * 10_001)),
    ],
)
def test_a_suggestion_that_must_not_be_shown_is_left_out(unsafe: ReviewFinding) -> None:
    review = decided(unsafe)

    (first,) = planned(review)

    assert isinstance(first, PostReview)
    assert [held.body for held in first.comments] == [comment(review.findings[0], Policy())]
    assert "suggestion" not in first.comments[0].body


def test_what_clusters_say_differently_of_one_thing_has_one_thread_for_the_worst() -> None:
    mild = finding(severity=Severity.WARNING, message="A mild thing", environments=("a",))
    bad = finding(message="Z bad thing", environments=("b",))

    (first,) = planned(decided(mild, bad))

    assert isinstance(first, PostReview)
    assert ["Z bad thing" in held.body for held in first.comments] == [True]


@pytest.mark.parametrize(("fingerprint", "threads"), [("A-->b", 1), ("", 0), ("-->", 1)])
def test_whatever_its_fingerprint_a_finding_is_posted_once_at_most(
    fingerprint: str, threads: int
) -> None:
    found = finding(fingerprint=fingerprint)
    review = decided(found)

    assert [type(held) for held in planned(review)] == [PostReview] * threads
    assert planned(review, posted(found)) == ()


def test_nothing_is_posted_twice() -> None:
    assert planned(decided(finding()), posted(finding())) == ()


def test_a_comment_that_github_stored_with_other_line_ends_is_the_same() -> None:
    held = posted(finding())
    stored = replace(held, body=held.body.replace("\n", "\r\n").rstrip())

    assert planned(decided(finding()), stored) == ()


def test_a_comment_that_says_something_else_now_is_edited() -> None:
    review = decided(finding(message="Service shop/api is open to all"))

    assert planned(review, posted(finding())) == (
        EditComment(1, comment(review.findings[0], Policy())),
    )


def test_the_comment_of_a_finding_that_is_gone_is_deleted() -> None:
    assert planned(decided(), posted(finding())) == (DeleteComment(1),)


def test_a_comment_that_people_replied_to_is_hidden_instead() -> None:
    answered = replace(posted(finding()), replied=True)

    assert planned(decided(), answered) == (MinimizeComment("node1"),)


def test_a_hidden_comment_stays_and_a_finding_that_comes_back_is_posted_again() -> None:
    hidden = replace(posted(finding()), replied=True, minimized=True)
    review = decided(finding())

    assert planned(decided(), hidden) == ()
    assert [type(held) for held in planned(review, hidden)] == [PostReview]


def test_a_second_comment_of_one_finding_is_deleted() -> None:
    twice = (posted(finding()), posted(finding(), number=2))

    assert planned(decided(finding()), *twice) == (DeleteComment(2),)


def test_a_comment_that_lost_its_line_is_posted_anew_where_the_finding_is() -> None:
    outdated = posted(finding(), line=None)

    assert [type(held) for held in planned(decided(finding()), outdated)] == [
        DeleteComment,
        PostReview,
    ]


def test_a_conversation_that_lost_its_line_is_left_alone() -> None:
    answered = replace(posted(finding(), line=None), replied=True)

    assert planned(decided(finding()), answered) == ()


def test_a_comment_on_a_file_has_no_line_to_lose() -> None:
    found = finding(line=90)
    on_file = replace(posted(found, line=None), on_file=True)

    assert planned(decided(found), on_file) == ()


@pytest.mark.parametrize("author", ["mallory", "fairlead"])
def test_a_marker_that_somebody_else_wrote_counts_for_nothing(author: str) -> None:
    forged = posted(finding(), author=author)

    assert planned(decided(), forged) == ()
    assert [type(held) for held in planned(decided(finding()), forged)] == [PostReview]


def test_our_comments_without_a_marker_are_left_alone() -> None:
    answer = replace(posted(finding()), body="thank you")

    assert planned(decided(), answer) == ()


def test_only_so_many_threads_are_opened_worst_first() -> None:
    mild = [
        finding(severity=Severity.WARNING, fingerprint=f"b{number}", message="open" + "!" * number)
        for number in range(MOST_COMMENTS)
    ]
    bad = [
        finding(line=11, side="LEFT", fingerprint=f"a{number}", message="gone" + "!" * number)
        for number in range(3)
    ]
    review = decided(*mild, *bad)

    (first,) = planned(review)

    assert isinstance(first, PostReview)
    assert len(first.comments) == MOST_COMMENTS
    assert ["blocks the merge" in held.body for held in first.comments] == [True] * 3 + [False] * (
        MOST_COMMENTS - 3
    )


def test_one_version_has_few_threads_worst_first() -> None:
    moved = [
        finding(
            severity=Severity.WARNING if number < 4 else Severity.ERROR,
            fingerprint=f"a{number}",
            moved="redis 1.0.0 -> 2.0.0",
        )
        for number in range(8)
    ]
    other = finding(severity=Severity.WARNING, fingerprint="b", moved="nginx 1.0.0 -> 2.0.0")
    own = [
        finding(severity=Severity.WARNING, fingerprint=f"c{number}", message="open" + "!" * number)
        for number in range(5)
    ]
    review = decided(*moved, other, *own)

    (first,) = planned(review)

    assert isinstance(first, PostReview)
    assert [held.body for held in first.comments] == [
        comment(held, Policy()) for held in (*review.findings[4:7], other, *own)
    ]


def test_threads_of_a_version_that_stand_count_as_opened() -> None:
    moved = "redis 1.0.0 -> 2.0.0"
    found = [finding(fingerprint=f"a{number}", moved=moved) for number in range(6)]
    standing = [posted(held, number=number) for number, held in enumerate(found[3:])]

    assert planned(decided(*found), *standing) == ()


def test_threads_that_stand_count_as_opened() -> None:
    found = [
        finding(fingerprint=f"a{number}", message="open" + "!" * number)
        for number in range(MOST_COMMENTS + 5)
    ]
    standing = [posted(held, number=number) for number, held in enumerate(found[:MOST_COMMENTS])]

    assert planned(decided(*found), *standing) == ()


def test_the_check_carries_summary_and_annotations_in_batches() -> None:
    found = [finding(line=number, fingerprint=f"a{number}") for number in range(1, 602)]
    removed = finding(side="LEFT", fingerprint="b")
    review = decided(*found, removed)

    check = plan(review, Policy(inline=Threshold.NEVER), Posted(OURS), FILES)[-1]

    assert isinstance(check, ConcludeCheck)
    assert (check.conclusion, check.title, [len(batch) for batch in check.annotations]) == (
        "failure",
        "602 findings to deal with",
        [50] * 10,
    )
    assert check.summary == summary(review, Policy())
    assert check.annotations[0][0] == Annotation(
        "apps/api.yaml",
        1,
        1,
        "failure",
        "service-exposed",
        "Service shop/api is newly reachable from outside",
    )


def test_the_plan_of_what_the_plan_did_is_empty() -> None:
    """Carried out once and planned again, nothing is left to do but to conclude."""
    review = decided(
        finding(), finding(line=90, fingerprint="b"), finding(line=11, fingerprint="c")
    )
    comments: list[PostedComment] = []
    for held in planned(review):
        done = held.comments if isinstance(held, PostReview) else (held,)
        for number, new in enumerate(done, start=len(comments) + 1):
            assert isinstance(new, InlineComment | PostFileComment)
            line = new.line if isinstance(new, InlineComment) else None
            on_file = isinstance(new, PostFileComment)
            comments.append(
                PostedComment(number, f"n{number}", OURS, new.body, new.path, line, on_file)
            )

    assert len(comments) == 3
    assert planned(review, *comments) == ()
