"""Attempts to get past the check: outages, limits, forks, the merge queue."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.errors import FairleadError, GitHubError
from bot.github.events import body_mark
from bot.github.tasks import Announcement, GroupJob, MaintenanceTask
from bot.standin.merge_queue import MergeGroup
from bot.standin.repositories import StandInPullRequest
from tests.service.test_commands import POLICY, answers, events, prepared, said
from tests.service.test_consent import hubot_is_refused, written_elsewhere
from tests.service.test_organisation import organised
from tests.service.world import BAD, GOOD, World, comments, encoded, places

LOCKED = "locked: [mode]\n"
LAX = "version: 1\nmode: observe\n"
OUTAGES: tuple[Mapping[str, int], ...] = (
    {"status": 502},
    {"status": 500},
    {"status": 403, "retry_after": 30},
    {"status": 429, "retry_after": 30},
)


def fails(world: World, pull: StandInPullRequest) -> GitHubError:
    """How a review of the pull request fails that the queue tries again."""
    with pytest.raises(GitHubError) as raised:
        world.review(pull)
    assert raised.value.retryable
    return raised.value


# The policy cannot be read


@pytest.mark.parametrize("outage", OUTAGES)
def test_a_policy_that_github_does_not_hand_out_is_not_taken_for_none(
    world: World, outage: Mapping[str, int]
) -> None:
    """The repository's own policy lets everything pass, which the organisation forbids."""
    organised(world, LOCKED)
    world.push({".github/fairlead.yml": LAX}, "main")
    pull = world.pull({"a.yaml": BAD})
    world.github.fail(r"/example/\.github/contents/", times=4, **outage)  # type: ignore[arg-type]  # each is one of its arguments

    assert fails(world, pull).retry_after == outage.get("retry_after")
    assert (world.check(pull)[0], comments(pull)) == ("in_progress", [])

    world.github.faults.clear()
    assert world.review(pull) == "invalid-policy"
    assert world.check(pull)[1] == "action_required"


def test_a_policy_for_which_github_gives_no_token_is_not_taken_for_none(world: World) -> None:
    organised(world, LOCKED)
    world.push({".github/fairlead.yml": LAX}, "main")
    pull = world.pull({"a.yaml": BAD})
    world.github.fail("/access_tokens", method="POST", after=1, times=3)

    fails(world, pull)
    assert world.check(pull)[0] == "in_progress"


def test_an_outage_forgets_no_policy_that_was_read_a_moment_before(world: World) -> None:
    organised(world, LOCKED)
    world.push({".github/fairlead.yml": LAX}, "main")
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "invalid-policy"
    world.github.fail(r"/example/\.github/contents/", times=4)

    assert world.review(pull, reason="requested") == "invalid-policy"


def test_without_git_nothing_is_judged_by_a_policy_of_before(world: World) -> None:
    world.push({".github/fairlead.yml": "version: 1\nmode: observe\n"}, "main")
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "pass"
    world.push({".github/fairlead.yml": "version: 1\n"}, "main")
    world.push({"a.yaml": BAD + "  b: bad\n"})
    world.github.fail(r"\.git/", times=9)

    with pytest.raises(FairleadError):
        world.review(pull)
    assert world.check(pull)[0] == "in_progress"

    world.github.faults.clear()
    assert world.review(pull) == "blocked"


@pytest.mark.parametrize("path", ["/graphql", "/activity"])
def test_where_github_does_not_say_who_wrote_a_change_nobody_s_approval_counts(
    world: World, path: str
) -> None:
    pull = prepared(world)
    said(world, pull, "/fairlead approve all fine", "hubot")
    world.github.move_branch(
        world.repository, "change", written_elsewhere(world, pull.head_sha), author="hubot"
    )
    world.github.fail(path, times=4)

    fails(world, pull)
    assert world.check(pull)[0] == "in_progress"

    world.github.faults.clear()
    assert world.review(pull) == "blocked"


@pytest.mark.parametrize("message", ["Something went wrong.", "API rate limit exceeded."])
def test_what_graphql_says_with_status_200_is_tried_again(world: World, message: str) -> None:
    pull = prepared(world)
    world.push({"a.yaml": BAD + "  b: bad\n"})
    world.github.fail("/graphql", status=200, message=message)

    fails(world, pull)
    assert world.review(pull) == "blocked"


def test_an_approver_whose_team_cannot_be_read_is_heard_once_it_can(world: World) -> None:
    pull = prepared(world)
    comment = world.github.comment(pull, "/fairlead approve all fine", by="hubot")
    world.github.fail("/memberships/hubot", times=4)
    mark = body_mark(comment.body)
    detail = f"issue:{comment.id}:{mark}"
    task = MaintenanceTask("obey", world.installation.id, world.repository.id, pull.number, detail)

    with pytest.raises(GitHubError) as raised:
        world.service.do(task)
    assert raised.value.retryable
    assert (events(world, "approved"), answers(pull)) == ([], [])

    world.github.faults.clear()
    assert world.drain(task) == ["obeyed", "pass"]
    assert (len(events(world, "approved")), len(answers(pull))) == (1, 1)


# A limit in the middle of posting


def once_each(world: World, pull: StandInPullRequest) -> bool:
    """Whether one check run says blocked, and each finding has one thread."""
    threads = sorted((comment.path, comment.line) for comment in comments(pull))
    ended = [run.conclusion for run in world.runs(pull)]
    return (ended, threads) == (["failure"], [("a.yaml", 6), ("b.yaml", 6)])


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/pulls/1/reviews$"),
        ("PATCH", "/check-runs/"),
        ("GET", "/pulls/1/files"),
        ("POST", "/check-runs$"),
    ],
)
def test_a_limit_in_the_middle_of_posting_posts_nothing_twice(
    world: World, method: str, path: str, status: int
) -> None:
    pull = world.pull({"a.yaml": BAD, "b.yaml": BAD})
    world.github.fail(path, method=method, status=status, retry_after=41)

    assert fails(world, pull).retry_after == 41
    assert "completed" not in {run.status for run in world.runs(pull)}

    assert world.review(pull) == "blocked"
    assert once_each(world, pull)


def test_a_limit_between_two_comments_posts_neither_twice(world: World) -> None:
    """GitHub refused the review as a whole, so that each comment is a request of its own."""
    pull = world.pull({"a.yaml": BAD, "b.yaml": BAD})
    world.github.fail("/pulls/1/reviews$", method="POST", status=422)
    world.github.fail("/pulls/1/comments$", method="POST", status=403, retry_after=41, after=1)

    assert fails(world, pull).retry_after == 41
    assert len(comments(pull)) == 1

    assert world.review(pull) == "blocked"
    assert once_each(world, pull)


def test_a_limit_between_two_threads_that_go_leaves_none_for_good(world: World) -> None:
    pull = world.pull({"a.yaml": BAD, "b.yaml": BAD})
    assert world.review(pull) == "blocked"
    world.push({"a.yaml": GOOD, "b.yaml": None})
    world.github.fail("/pulls/comments/", method="DELETE", status=403, retry_after=41, after=1)

    assert fails(world, pull).retry_after == 41
    assert len(comments(pull)) == 1

    assert world.drain(world.job(pull))[0] == "pass"
    assert (comments(pull), world.check(pull)[1]) == ([], "success")


# Forks


def from_fork(
    world: World, *, maintained: bool = False, announced: bool = True
) -> StandInPullRequest:
    """A bad change from a stranger's fork, whose commit no account is known for."""
    prepared(world)
    fork = world.github.fork(world.repository, "stranger")
    author = "nobody" if maintained else "stranger"
    world.github.commit(fork, "theirs", encoded({"c.yaml": BAD}), author=author)
    pull = world.github.open_pull_request(world.repository, "theirs", fork=fork, author="stranger")
    if announced:
        world.service.do(Announcement(world.job(pull), None, "stranger", pull.head_sha))
    return pull


def test_nobody_accepts_what_an_unknown_person_pushed_to_a_fork(world: World) -> None:
    """The webhook was lost for good: it may have been the approver, in somebody else's name."""
    pull = from_fork(world, announced=False)
    world.review(pull)

    said(world, pull, "/fairlead approve all fine", "hubot")
    assert (events(world, "approved"), world.check(pull)[1]) == ([], "failure")
    assert "did not tell Fairlead who pushed" in answers(pull)[-1]
    shown = f"who pushed `{pull.head_sha[:12]}`, so **no approval counts**"
    assert shown in (world.run(pull).summary or "")


def test_an_approval_ends_where_nobody_knows_who_pushed_to_the_fork_since(world: World) -> None:
    pull = from_fork(world)
    world.review(pull)
    assert said(world, pull, "/fairlead approve all fine", "hubot") == "obeyed"
    assert world.check(pull)[1] == "success"

    lost = pushed_to_fork(world, pull, "d.yaml")
    world.review(pull)
    assert world.check(pull)[1] == "failure"

    known = pushed_to_fork(world, pull, "e.yaml")
    world.service.do(Announcement(world.job(pull), lost, "stranger", known))
    world.review(pull)
    assert world.check(pull)[1] == "failure", "what lies below is still nobody's"

    anew = world.github.commit(
        pull.head_repository,
        "theirs",
        encoded({"c.yaml": BAD}),
        author="stranger",
        parent=world.repository.git.branches()["main"],
    )
    world.service.do(Announcement(world.job(pull), known, "stranger", anew))
    world.review(pull)
    assert world.check(pull)[1] == "success"


def pushed_to_fork(world: World, pull: StandInPullRequest, path: str) -> str:
    """The head after one more harmless commit, of which no webhook tells."""
    world.github.commit(pull.head_repository, "theirs", encoded({path: GOOD}), author="stranger")
    return pull.head_sha


def test_a_pull_request_whose_fork_was_deleted_is_reviewed(world: World) -> None:
    pull = from_fork(world)
    world.github.administration.delete_fork(pull.head_repository)

    assert world.review(pull) == "blocked"
    assert places(pull) == [("c.yaml", 6, "line")]
    assert said(world, pull, "/fairlead approve all fine", "hubot") == "obeyed"
    assert (len(events(world, "approved")), world.check(pull)[1]) == (1, "success")


def test_a_fork_is_never_asked_for_anything(world: World) -> None:
    """It may be private, and its branches may say anything by the time of the review."""
    pull = from_fork(world)
    world.review(pull)

    asked = [one.path for one in world.github.exchanges.all() if "stranger/" in one.path]
    assert asked == []


def test_a_branch_of_a_fork_is_not_taken_for_the_repository_s_of_that_name(world: World) -> None:
    """Who made our `theirs` point to the same commit has pushed nothing to the fork's."""
    pull = from_fork(world)
    world.github.move_branch(world.repository, "theirs", pull.head_sha, author="hubot")
    world.review(pull)

    assert said(world, pull, "/fairlead approve all fine", "hubot") == "obeyed"
    assert world.check(pull)[1] == "success"


def test_a_maintainer_who_pushes_to_a_fork_accepts_nothing(world: World) -> None:
    """GitHub lets maintainers push to it; the commit's address belongs to nobody."""
    pull = from_fork(world, maintained=True)
    world.service.do(Announcement(world.job(pull), None, "hubot", pull.head_sha))
    world.review(pull)

    assert hubot_is_refused(world, pull)


def test_the_owner_of_a_fork_accepts_nothing(world: World) -> None:
    pull = from_fork(world, maintained=True)
    world.github.administration.team("example/security", "stranger")
    world.review(pull)

    said(world, pull, "/fairlead approve all fine", "stranger")
    assert (events(world, "approved"), world.check(pull)[1]) == ([], "failure")


# The target, and the way back


def test_an_approval_for_one_branch_accepts_nothing_where_others_must(world: World) -> None:
    release = "{names: [release], approvals: [{rules: ['image-*'], teams: [example/release]}]}"
    pull = prepared(world, f"{POLICY}branches: [{release}]\n")
    world.push({"x.yaml": GOOD}, "release")
    said(world, pull, "/fairlead approve all fine", "hubot")
    assert world.check(pull)[1] == "success"

    world.github.edit(pull, base="release")
    assert world.review(pull, reason="requested") == "blocked"
    assert world.check(pull)[1] == "failure"
    said(world, pull, "/fairlead approve all fine", "hubot")
    assert world.check(pull)[1] == "failure"

    world.github.edit(pull, base="main")
    assert world.review(pull, reason="requested") == "pass"


def test_who_pushed_in_between_accepts_nothing_of_a_head_that_is_back(world: World) -> None:
    pull = prepared(world)
    approved = pull.head_sha
    said(world, pull, "/fairlead approve all fine", "hubot")
    assert world.check(pull)[1] == "success"

    world.github.commit(world.repository, "change", encoded({"a.yaml": GOOD}), author="hubot")
    world.service.do(Announcement(world.job(pull), approved, "hubot", pull.head_sha))
    away = pull.head_sha
    world.github.move_branch(world.repository, "change", approved, author="octocat")
    world.service.do(Announcement(world.job(pull), away, "octocat", approved))

    assert world.review(pull, reason="requested") == "blocked"
    said(world, pull, "/fairlead approve all fine", "hubot")
    assert "wrote one of its commits" in answers(pull)[-1]
    assert len(events(world, "approved")) == 1


def test_a_pull_request_that_is_opened_again_keeps_what_was_accepted_and_no_more(
    world: World,
) -> None:
    pull = prepared(world)
    said(world, pull, "/fairlead approve all fine", "hubot")
    world.github.close_pull_request(pull)
    world.push({"a.yaml": BAD + "  b: bad\n"})
    world.github.reopen(pull)

    assert world.review(pull, reason="requested") == "blocked"


# The merge queue


def group_of(world: World, *pulls: StandInPullRequest) -> GroupJob:
    """The pull requests as one combination on the main branch, the last of them on top."""
    main = world.repository.git.branches()["main"]
    groups: list[MergeGroup] = []
    for pull in pulls:
        groups.append(world.github.merge_queue.enqueue(pull))
        world.repository.git.set_ref("refs/heads/main", groups[-1].head_sha)
    world.repository.git.set_ref("refs/heads/main", main)
    where = (world.installation.id, world.repository.id)
    return GroupJob(*where, pulls[-1].number, main, groups[-1].head_sha, "main")


def two(world: World) -> tuple[StandInPullRequest, StandInPullRequest]:
    """Two blocked pull requests: of the first the change is bad in a.yaml, of the other in b."""
    first = prepared(world)
    second = world.pull({"b.yaml": BAD}, "second")
    assert world.review(second) == "blocked"
    return first, second


def test_in_a_group_each_pull_request_needs_its_own_approval(world: World) -> None:
    first, second = two(world)
    said(world, first, "/fairlead approve all fine", "hubot")
    assert world.service.do(group_of(world, first, second)).outcome == "blocked"

    said(world, second, "/fairlead approve all fine", "monalisa")
    assert world.service.do(group_of(world, first, second)).outcome == "pass"


def test_an_approval_of_one_accepts_nothing_that_another_of_the_group_wrote(world: World) -> None:
    """Hubot accepts the first pull request, and wrote the second, which does the same elsewhere."""
    first, _ = two(world)
    said(world, first, "/fairlead approve all fine", "hubot")
    world.github.commit(world.repository, "own", encoded({"c.yaml": BAD}), author="hubot")
    own = world.github.open_pull_request(world.repository, "own", author="hubot")
    world.review(own)
    said(world, own, "/fairlead approve all fine", "hubot")

    assert world.service.do(group_of(world, first, own)).outcome == "blocked"


def test_a_group_that_lost_a_pull_request_has_lost_its_approvals(world: World) -> None:
    """The other one, pushed to since, now brings what was only accepted of the first."""
    first, second = two(world)
    for pull in (first, second):
        said(world, pull, "/fairlead approve all fine", "hubot")
    assert world.service.do(group_of(world, first, second)).outcome == "pass"
    world.github.close_pull_request(first)
    world.push({"a.yaml": BAD}, "second")

    assert world.service.do(group_of(world, second)).outcome == "blocked"


def test_a_group_that_is_made_again_on_another_base_is_judged_again(world: World) -> None:
    first, second = two(world)
    for pull in (first, second):
        said(world, pull, "/fairlead approve all fine", "hubot")
    before = group_of(world, first, second)
    assert world.service.do(before).outcome == "pass"
    world.push({".github/fairlead.yml": POLICY.replace("security", "images")}, "main")

    assert world.service.do(group_of(world, first, second)).outcome == "blocked"


def test_an_approver_who_pushes_afterwards_accepts_nothing_in_the_group(world: World) -> None:
    first, second = two(world)
    for pull in (first, second):
        said(world, pull, "/fairlead approve all fine", "hubot")
    world.push({"README.md": "more"}, "second")
    world.service.do(Announcement(world.job(second), None, "hubot", second.head_sha))

    assert world.service.do(group_of(world, first, second)).outcome == "blocked"


def test_the_policy_of_a_group_is_the_default_branch_s(world: World) -> None:
    """Not that of the combination, in which the head of one member may loosen it."""
    first, _ = two(world)
    loose = world.pull({".github/fairlead.yml": LAX}, "loose")

    assert world.service.do(group_of(world, loose, first)).outcome == "blocked"
