"""The story of a pull request, on the wire against the stand-in GitHub."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.core.engine.review import Review
from bot.core.policy.model import Policy
from bot.errors import AnalysisError, InstallationGone
from tests.service.world import BAD, GOOD, LONG, World, comments, encoded, places

POLICY = ".github/fairlead.yml"
WIDE = "\u65e5" * 400


def test_a_bad_change_is_commented_on_its_line_and_blocked(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "blocked"
    assert world.check(pull) == ("completed", "failure", "1 finding to deal with")
    assert places(pull) == [("a.yaml", 6, "line")]
    assert world.github.merge_refused(pull) is not None


def test_the_fix_turns_the_check_green_and_the_thread_goes(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    world.push({"a.yaml": GOOD.replace("good", "better")})
    assert world.review(pull) == "pass"
    assert world.check(pull) == ("completed", "success", "Nothing found")
    assert (comments(pull), world.github.merge_refused(pull)) == ([], None)


def test_a_thread_that_people_answered_is_hidden_and_not_torn_out(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    world.github.reply(pull, pull.comments[0], "Why?", by="octocat")
    world.push({"a.yaml": GOOD.replace("good", "better")})
    world.review(pull)
    assert [(one.body == "Why?", one.minimized) for one in pull.comments] == [
        (False, "resolved"),
        (True, None),
    ]
    world.push({"a.yaml": BAD})
    world.review(pull)
    assert len(comments(pull)) == 2, "a finding that comes back is posted again"


def test_a_clean_pull_request_gets_a_check_and_no_comment(world: World) -> None:
    pull = world.pull({"a.yaml": GOOD + "# more\n"})
    assert world.review(pull) == "pass"
    assert (pull.comments, pull.reviews, pull.conversation) == ([], [], [])


def test_a_job_that_runs_again_posts_nothing_again(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    did = [world.review(pull), world.review(pull), world.review(pull, reason="requested")]
    assert did == ["blocked", "unneeded", "blocked"]
    assert (len(pull.comments), len(pull.reviews)) == (1, 1)
    assert [run.status for run in world.runs(pull)] == ["completed", "completed"]


def test_a_new_thread_is_one_review_and_the_old_ones_stay(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    first = pull.comments[0].id
    world.push({"b.yaml": BAD})
    world.review(pull)
    assert [one.id == first for one in pull.comments] == [True, False]
    assert len(pull.reviews) == 2


def test_what_a_review_says_above_its_threads_follows_the_verdict(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    rest = "The check `fairlead` on this commit has the full review."
    assert [one.body.strip() for one in pull.reviews] == [f"1 finding to deal with. {rest}"]

    world.push({"b.yaml": BAD})
    world.review(pull)
    said = f"2 findings to deal with. {rest}"
    assert [one.body.strip() for one in pull.reviews] == [said, said]

    world.push({"a.yaml": GOOD, "b.yaml": GOOD})
    world.review(pull)
    said = f"Nothing found. {rest}"
    assert [one.body.strip() for one in pull.reviews] == [said, said]
    edits = [one for one in world.github.exchanges.all() if one.method == "PUT"]
    assert len(edits) == 3


def test_a_thread_whose_text_changes_is_edited_in_place(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    before = (pull.comments[0].id, "blocks the merge" in pull.comments[0].body)
    world.push({POLICY: "version: 1\nblock: never\n"}, "main")
    world.review(pull, reason="requested")
    after = [(one.id, "blocks the merge" in one.body) for one in pull.comments]
    assert (before[1], after) == (True, [(before[0], False)])


def test_a_comment_that_somebody_deleted_meanwhile_is_no_failure(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    world.push({"a.yaml": GOOD.replace("good", "better")})
    world.github.fail("/pulls/comments/", method="DELETE", status=404)
    assert world.review(pull) == "pass"
    assert world.check(pull)[1] == "success"


def test_a_closed_pull_request_is_left_alone(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.github.close_pull_request(pull)
    assert world.review(pull) == "unneeded"
    assert world.runs(pull) == []


def test_a_draft_gets_its_check_and_comments_when_it_is_ready(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.github.convert_to_draft(pull)
    assert (world.review(pull), pull.comments) == ("blocked", [])
    assert world.check(pull)[1] == "failure"
    world.github.mark_ready(pull)
    world.review(pull, reason="requested")
    assert places(pull) == [("a.yaml", 6, "line")]


def test_a_fork_s_pull_request_is_reviewed_without_the_fork(world: World) -> None:
    fork = world.github.fork(world.repository, "stranger")
    world.github.commit(fork, "change", encoded({"a.yaml": BAD}))
    pull = world.github.open_pull_request(world.repository, "change", fork=fork)
    assert world.review(pull) == "blocked"
    assert places(pull) == [("a.yaml", 6, "line")]


def test_what_was_bad_before_is_not_reported(world: World) -> None:
    world.push({"old.yaml": BAD}, "main")
    pull = world.pull({"a.yaml": GOOD + "# more\n"})
    assert world.review(pull) == "pass"


def test_the_head_is_compared_with_where_it_left_the_base(world: World) -> None:
    pull = world.pull({"a.yaml": GOOD + "# more\n"})
    world.push({"late.yaml": BAD}, "main")
    assert world.review(pull) == "pass"


def test_a_line_that_the_difference_does_not_show_is_commented_on_the_file(world: World) -> None:
    bad = LONG.replace("good", "bad")
    world.push({"long.yaml": bad}, "main")
    world.analyser.everywhere = True
    pull = world.pull({"long.yaml": "# a first line\n" + bad})
    world.review(pull)
    assert places(pull) == [("long.yaml", None, "file")]


def test_a_file_that_the_difference_does_not_show_is_in_the_summary(world: World) -> None:
    world.push({"old.yaml": BAD}, "main")
    world.analyser.everywhere = True
    pull = world.pull({"a.yaml": GOOD + "# more\n"})
    assert world.review(pull) == "blocked"
    assert pull.comments == []
    assert "old.yaml" in (world.run(pull).summary or "")


def test_a_review_that_github_refuses_is_posted_comment_by_comment(world: World) -> None:
    world.github.fail("/pulls/1/reviews", method="POST", status=422)
    pull = world.pull({"a.yaml": BAD, "b.yaml": BAD})
    assert world.review(pull) == "blocked"
    assert places(pull) == [("a.yaml", 6, "line"), ("b.yaml", 6, "line")]


def test_a_comment_that_github_refuses_goes_on_the_file_then_in_the_summary(world: World) -> None:
    world.github.fail("/pulls/1/reviews", method="POST", status=422)
    world.github.fail("/pulls/1/comments", method="POST", status=422)
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    assert places(pull) == [("a.yaml", None, "file")]
    world.github.fail("/pulls/2/reviews", method="POST", status=422)
    world.github.fail("/pulls/2/comments", method="POST", status=422, times=2)
    other = world.pull({"b.yaml": BAD}, "other")
    assert (world.review(other), other.comments) == ("blocked", [])
    assert "b.yaml" in (world.run(other).summary or "")


def test_more_annotations_than_one_request_takes_come_in_batches(world: World) -> None:
    many = GOOD + "".join(f"  k{number}: bad\n" for number in range(120))
    pull = world.pull({"a.yaml": many})
    assert world.review(pull) == "blocked"
    run = world.run(pull)
    assert (run.status, len(run.annotations)) == ("completed", 120)
    assert len({note["start_line"] for note in run.annotations}) == 120


def test_a_summary_of_letters_of_several_bytes_is_taken(world: World) -> None:
    world.push({POLICY: "approvals: [{rules: ['*'], users: [hubot]}]\n"}, "main")
    rows = "".join(f"  k{number}: bad {WIDE}\n" for number in range(100))
    pull = world.pull({"a.yaml": GOOD + rows})
    assert world.review(pull) == "blocked"
    assert world.check(pull)[:2] == ("completed", "failure")
    assert 60_000 < len((world.run(pull).summary or "").encode()) <= 65_535


def test_the_head_s_policy_does_not_judge_it(world: World) -> None:
    pull = world.pull({"a.yaml": BAD, POLICY: "version: 1\nmode: observe\n"})
    assert world.review(pull) == "blocked"
    assert [policy.mode for policy in world.analyser.policies] == ["enforce"]


def test_the_policy_is_the_default_branch_s_also_for_another_target(world: World) -> None:
    world.push({POLICY: "version: 1\nblock: never\n"}, "lax")
    world.push({"a.yaml": BAD})
    pull = world.github.open_pull_request(world.repository, "change", base="lax")
    assert world.review(pull) == "blocked"


BY_BRANCH = "version: 1\nbranches: [{names: ['lax*'], mode: observe}]\n"


def test_the_default_branch_says_what_differs_by_target_branch(world: World) -> None:
    world.push({POLICY: BY_BRANCH}, "main")
    world.push({"README": "a"}, "lax-1")
    world.push({"a.yaml": BAD})
    lax = world.github.open_pull_request(world.repository, "change", base="lax-1")
    assert world.review(lax) == "pass"
    assert world.check(lax)[1:] == ("success", "Observing: 1 finding would have blocked")
    lax.base_ref = "main"
    assert world.review(lax, reason="requested") == "blocked"


def test_a_head_chooses_no_branch_s_policy(world: World) -> None:
    """Neither by its own name, nor by an entry that it writes."""
    world.push({POLICY: BY_BRANCH}, "main")
    own = BY_BRANCH.replace("lax*", "*")
    pull = world.pull({"a.yaml": BAD, POLICY: own}, "lax-2")
    assert world.review(pull) == "blocked"
    assert [policy.mode for policy in world.analyser.policies] == ["enforce"]


def test_an_observing_policy_of_the_default_branch_lets_pass(world: World) -> None:
    world.push({POLICY: "version: 1\nmode: observe\n"}, "main")
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    assert world.check(pull)[1] == "success"


def test_an_invalid_policy_asks_for_action_and_says_where_and_what(world: World) -> None:
    world.push({POLICY: "version: 1\nmode: lax\n"}, "main")
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "invalid-policy"
    assert world.check(pull) == ("completed", "action_required", "The policy is invalid")
    summary = world.run(pull).summary or ""
    said = [word for word in ("line 2", "lax", "enforce", "observe") if word in summary]
    assert said == ["line 2", "lax", "enforce", "observe"]
    assert world.github.merge_refused(pull) is not None


def test_the_check_is_reviewed_anew_once_the_policy_is_valid(world: World) -> None:
    world.push({POLICY: "version: 1\nmode: lax\n"}, "main")
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    world.push({POLICY: "version: 1\n"}, "main")
    assert world.review(pull) == "blocked"


@pytest.mark.parametrize("policy", ["\udcff", "x" * 1_100_000])
def test_a_policy_that_cannot_be_read_is_not_valid(world: World, policy: str) -> None:
    data = policy.encode("utf-8", "surrogateescape")
    world.github.commit(world.repository, "main", {POLICY: data})
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "invalid-policy"


def test_a_policy_that_nobody_reads_is_not_valid_rather_than_none(world: World) -> None:
    world.push({".github/fairlead.yaml": "version: 1\nblock: warning\n"}, "main")
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "invalid-policy"
    assert "rename it to `.github/fairlead.yml`" in (world.run(pull).summary or "")
    world.push({POLICY: "version: 1\n"}, "main")
    assert world.review(pull) == "blocked"


def test_a_directory_in_the_place_of_the_policy_is_not_valid(world: World) -> None:
    world.push({f"{POLICY}/a": "x"}, "main")
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "invalid-policy"
    assert "it is not a regular file" in (world.run(pull).summary or "")


def test_a_failed_job_ends_the_check_with_a_reference_and_can_be_run_again(world: World) -> None:
    world.analyser.failures.append(AnalysisError("the child died"))
    pull = world.pull({"a.yaml": BAD})
    with pytest.raises(AnalysisError):
        world.review(pull)
    assert world.check(pull)[0] == "in_progress"
    world.service.give_up(world.job(pull), "72d3162e")
    assert world.check(pull) == ("completed", "failure", "The review failed")
    assert "72d3162e" in (world.run(pull).summary or "")
    assert len(world.runs(pull)) == 1
    assert world.review(pull) == "blocked"


def test_giving_up_leaves_a_closed_pull_request_alone(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.github.close_pull_request(pull)
    world.service.give_up(world.job(pull), "72d3162e")
    assert world.runs(pull) == []


def test_giving_up_late_leaves_a_review_that_stands(world: World) -> None:
    pull = world.pull({"a.yaml": GOOD + "# more\n"})
    world.review(pull)
    world.service.give_up(world.job(pull), "72d3162e")
    assert world.check(pull) == ("completed", "success", "Nothing found")


def test_a_head_that_moves_meanwhile_is_not_judged_by_the_old_one(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    old = pull.head_sha

    def moving(
        base: ComparedTree,
        head: ComparedTree,
        policy: Policy,
        today: date,
        options: AnalysisOptions,
    ) -> Review:
        world.push({"a.yaml": GOOD + "# moved\n"})
        return world.analyser(base, head, policy, today, options)

    moved = replace(world.service, judge=moving)
    assert moved.do(world.job(pull)).outcome == "superseded"
    [run] = [run for run in pull.repository.runs.values() if run.suite.head_sha == old]
    assert (run.status, run.conclusion, pull.comments) == ("completed", "cancelled", [])
    assert world.review(pull) == "pass"


def test_a_job_past_its_deadline_posts_nothing_and_fails(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    late = replace(world.service, seconds=0)
    with pytest.raises(AnalysisError, match="took longer than 0 seconds"):
        late.do(world.job(pull))
    assert pull.comments == []


def test_a_job_that_died_between_annotations_leaves_one_whole_run(world: World) -> None:
    many = GOOD + "".join(f"  k{number}: bad\n" for number in range(120))
    pull = world.pull({"a.yaml": many})
    world.review(pull)
    done = world.run(pull)
    # What a process leaves that is killed between two batches.
    done.status, done.conclusion, done.completed_at = "in_progress", None, None
    done.annotations = done.annotations[:50]
    assert world.review(pull) == "blocked"
    assert [(run.conclusion, len(run.annotations)) for run in world.runs(pull)] == [
        ("cancelled", 50),
        ("failure", 120),
    ]
    assert len(pull.comments) == 30


def test_a_stranger_who_writes_our_marker_hides_no_finding(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    ours = pull.comments.pop()
    world.github.review_comment(pull, "a.yaml", 6, ours.body, by="stranger")
    world.review(pull, reason="requested")
    assert [one.user.login for one in pull.comments] == ["stranger", "fairlead[bot]"]


def test_a_renamed_repository_is_found_by_its_id(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.repository.name = "renamed"
    assert world.review(pull) == "blocked"


@pytest.mark.parametrize("end", ["suspend", "uninstall"])
def test_an_installation_that_is_gone_ends_the_job(world: World, end: str) -> None:
    pull = world.pull({"a.yaml": BAD})
    getattr(world.github, end)(world.installation)
    with pytest.raises(InstallationGone):
        world.review(pull)


def test_the_token_is_for_one_repository_and_ends_with_its_job(world: World) -> None:
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    minted, organisation = [
        one.request for one in world.github.exchanges.all() if one.path.endswith("access_tokens")
    ]
    assert minted == {
        "repository_ids": [world.repository.id],
        "permissions": {"checks": "write", "contents": "read", "pull_requests": "write"},
    }
    assert organisation == {
        "repositories": [".github"],
        "permissions": {"contents": "read"},
    }
    assert world.github.state.tokens == {}
