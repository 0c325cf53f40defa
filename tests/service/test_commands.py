"""Commands on a pull request, on the wire: who may, what it changes, and what is answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.core.engine.approvals import short_id
from bot.core.engine.review import Review
from bot.core.policy.model import Policy
from bot.core.publish.markers import fingerprint_of
from bot.github.events import body_mark, tasks_for_event
from bot.github.tasks import GroupJob, MaintenanceTask
from bot.service.commands import BY_REVIEW
from bot.service.context import utc_now
from bot.standin.repositories import IssueComment, StandInPullRequest
from tests.service.world import BAD, GOOD, TODAY, World, comments, encoded

POLICY = """\
version: 1
approvals:
  - {rules: ["image-*"], teams: [example/security]}
override: {teams: [example/on-call], hours: 2}
notify:
  - {rules: ["image-*"], teams: [example/images, example/unknown]}
"""
BY_REVIEW_POLICY = POLICY.replace("]}\noverride", "], by-review: true}\noverride")
TWO_PEOPLE = POLICY.replace("]}\noverride", "], count: 2}\noverride")
WORSE = BAD + "  b: bad\n"


def prepared(
    world: World, policy: str = POLICY, *, codeowners: str | None = None
) -> StandInPullRequest:
    """A blocked pull request by octocat, in a house with a security team."""
    files = {".github/fairlead.yml": policy, "CODEOWNERS": codeowners}
    world.push({path: text for path, text in files.items() if text}, "main")
    team = world.github.administration.team
    team("example/security", "hubot", "monalisa")
    team("example/on-call", "oncall")
    team("example/images", "pixel")
    for login in ("hubot", "monalisa", "oncall", "member", "octocat"):
        world.github.add_collaborator(world.repository, login, "write")
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "blocked"
    return pull


def said(world: World, pull: StandInPullRequest, text: str, by: str) -> str:
    """What became of a comment that somebody writes, and of what follows from it."""
    return heard(world, pull, world.github.comment(pull, text, by=by))


def heard(
    world: World, pull: StandInPullRequest, comment: IssueComment, body: str | None = None
) -> str:
    mark = body_mark(comment.body if body is None else body)
    return told(world, pull, f"issue:{comment.id}:{mark}")


def told(world: World, pull: StandInPullRequest, detail: str) -> str:
    errand = MaintenanceTask(
        "obey", world.installation.id, world.repository.id, pull.number, detail
    )
    done = world.service.do(errand)
    for task in done.tasks:
        world.service.do(task)
    return done.outcome


def answers(pull: StandInPullRequest) -> list[str]:
    """What we said in the conversation, without the hidden line."""
    return [one.body.partition("\n")[2].strip() for one in pull.conversation if one.app]


def events(world: World, event: Any) -> list[tuple[str, str]]:
    held = world.service.audit.entries(event, world.repository.id)
    return [(entry.actor, entry.reason) for entry in held]


def test_someone_of_the_team_accepts_and_the_check_turns_green(world: World) -> None:
    pull = prepared(world)
    title = "Waiting for approval by example/security: 1 finding"
    assert world.check(pull) == ("completed", "failure", title)
    mark = short_id(fingerprint_of(pull.comments[0].body) or "")

    assert said(world, pull, f"/fairlead approve {mark} we know it", "hubot") == "obeyed"
    assert world.check(pull) == (
        "completed",
        "success",
        "Accepted by hubot: Line 'a: bad' of a.yaml is bad.",
    )
    assert "accepted by `hubot`: we know it" in (world.run(pull).summary or "")
    assert answers(pull)[0].startswith(f"Accepted `{mark}`: Line")
    assert comments(pull) == []
    assert events(world, "approved") == [("hubot", "we know it")]
    assert events(world, "accepted") == [("hubot", "we know it")]
    assert world.github.merge_refused(pull) is None


@pytest.mark.parametrize("by", ["member", "stranger", "octocat"])
def test_nobody_else_accepts(world: World, by: str) -> None:
    """Not a member of another team, not a stranger, and not the author of any team."""
    pull = prepared(world)
    world.github.administration.team("example/security", "octocat")

    assert said(world, pull, "/fairlead approve all please", by) == "heard"
    assert world.review(pull, reason="requested") == "blocked"
    assert events(world, "approved") == []
    assert [actor for actor, _ in events(world, "refused")] == [by]
    expected = {
        "member": ["was not accepted: only `@example/security` can do that."],
        "stranger": [],
        "octocat": [
            "whoever opened a pull request, pushed to it or wrote one of its commits cannot accept"
        ],
    }[by]
    assert [held in answer for answer, held in zip(answers(pull), expected, strict=True)] == [
        True for _ in expected
    ]


def test_a_bot_accepts_nothing(world: World) -> None:
    pull = prepared(world)
    world.github.state.account("hubot").type = "Bot"

    assert said(world, pull, "/fairlead approve all fine", "hubot") == "unneeded"
    assert (answers(pull), events(world, "approved")) == ([], [])


def test_a_command_is_carried_out_and_answered_once(world: World) -> None:
    pull = prepared(world)
    comment = world.github.comment(pull, "/fairlead approve all fine", by="hubot")
    heard(world, pull, comment)
    heard(world, pull, comment)

    assert len(answers(pull)) == len(events(world, "approved")) == 1


def test_an_edited_comment_counts_for_nothing(world: World) -> None:
    """A maintainer may edit what others wrote: only the text at its creation is the author's."""
    pull = prepared(world)
    comment = world.github.comment(pull, "/fairlead help", by="hubot")
    world.github.edit_comment(pull, comment, "/fairlead approve all fine", by="octocat")

    assert heard(world, pull, comment, "/fairlead help") == "heard"
    assert "was edited before Fairlead read it" in answers(pull)[0]
    assert events(world, "approved") == []


def test_a_deleted_comment_is_nothing(world: World) -> None:
    pull = prepared(world)
    comment = world.github.comment(pull, "/fairlead approve all fine", by="hubot")
    world.github.delete_comment(pull, comment)

    assert heard(world, pull, comment) == "unneeded"


def test_a_comment_of_another_pull_request_is_nothing_here(world: World) -> None:
    pull = prepared(world)
    other = world.pull({"b.yaml": BAD}, "other")
    comment = world.github.comment(other, "/fairlead approve all fine", by="hubot")

    assert heard(world, pull, comment) == "unneeded"


def test_a_forged_marker_is_no_finding_and_no_answer(world: World) -> None:
    pull = prepared(world)
    forged = "<!-- fairlead:v1 finding=feedfacefeedface -->\n/fairlead approve feedface ok"
    comment = world.github.comment(pull, forged, by="hubot")
    reply = f"<!-- fairlead:v1 reply={comment.id} -->\nsaid already"
    world.github.comment(pull, reply, by="member")

    assert heard(world, pull, comment) == "heard"
    assert "no finding shown here" in answers(pull)[0]
    assert events(world, "approved") == []


def test_consent_survives_an_unrelated_push_and_ends_when_the_finding_grows(world: World) -> None:
    pull = prepared(world)
    said(world, pull, "/fairlead approve all fine", "hubot")
    world.push({"c.yaml": GOOD})
    assert world.review(pull) == "pass"
    world.push({"a.yaml": WORSE})
    assert world.review(pull) == "blocked"
    assert [held.line for held in comments(pull)] == [7]
    world.push({"a.yaml": BAD})
    assert world.review(pull) == "pass", "what was accepted is remembered for a revert"


def test_what_came_after_the_comment_is_not_accepted_by_it(world: World) -> None:
    """The approver saw one finding; the head that is reviewed next has another as well."""
    pull = prepared(world)
    comment = world.github.comment(pull, "/fairlead approve all fine", by="hubot")
    later = replace(world.service, now=lambda: utc_now() + timedelta(minutes=1))
    world.push({"a.yaml": WORSE})
    later.do(world.job(pull))
    heard(world, pull, comment)

    assert world.check(pull)[1] == "failure"
    assert len(events(world, "approved")) == 1


def test_what_a_push_overtook_was_shown_to_nobody(world: World) -> None:
    """Two quick pushes: the first adds a finding, and the check never says so."""
    pull = prepared(world)

    def overtaken(
        base: ComparedTree,
        head: ComparedTree,
        policy: Policy,
        today: date,
        options: AnalysisOptions,
    ) -> Review:
        found = world.analyser(base, head, policy, today, options)
        world.push({"c.yaml": GOOD})
        return found

    world.push({"a.yaml": WORSE})
    slow = replace(world.service, judge=overtaken)
    assert slow.do(world.job(pull)).outcome == "superseded"
    comment = world.github.comment(pull, "/fairlead approve all fine", by="hubot")
    heard(world, pull, comment)

    assert (len(events(world, "approved")), world.check(pull)[1]) == (1, "failure")


def test_an_id_of_what_is_gone_is_accepted_for_nothing(world: World) -> None:
    pull = prepared(world)
    mark = short_id(fingerprint_of(pull.comments[0].body) or "")
    world.push({"a.yaml": GOOD, "b.yaml": BAD})
    world.review(pull)
    said(world, pull, f"/fairlead approve {mark} fine", "hubot")

    assert (events(world, "approved"), world.check(pull)[1]) == ([], "failure")


def test_as_many_people_as_the_policy_wants_must_accept(world: World) -> None:
    pull = prepared(world, TWO_PEOPLE)
    said(world, pull, "/fairlead approve all one", "hubot")
    said(world, pull, "/fairlead approve all again", "hubot")
    assert world.check(pull)[1] == "failure"
    assert "1 of `@example/security` (accepted by `hubot`)" in (world.run(pull).summary or "")
    said(world, pull, "/fairlead approve all two", "monalisa")
    assert world.check(pull)[1] == "success"


@pytest.mark.parametrize(("permission", "conclusion"), [("write", "success"), ("read", "failure")])
def test_a_code_owner_accepts_who_may_write(world: World, permission: str, conclusion: str) -> None:
    pull = prepared(world, "version: 1\n", codeowners="*.yaml @hubot docs@example.com\n")
    world.github.add_collaborator(world.repository, "hubot", permission)
    said(world, pull, "/fairlead approve all mine", "hubot")

    assert world.check(pull)[1] == conclusion


def test_the_head_s_codeowners_name_nobody(world: World) -> None:
    pull = prepared(world, "version: 1\n", codeowners="* @monalisa\n")
    world.push({"CODEOWNERS": "* @hubot\n"})
    world.review(pull)
    said(world, pull, "/fairlead approve all mine now", "hubot")

    assert events(world, "approved") == []


def test_a_policy_that_no_longer_names_them_ends_their_consent(world: World) -> None:
    pull = prepared(world)
    said(world, pull, "/fairlead approve all fine", "hubot")
    world.push({".github/fairlead.yml": POLICY.replace("security", "other")}, "main")

    assert world.review(pull, reason="requested") == "blocked"


def reviewable(world: World) -> StandInPullRequest:
    """A blocked pull request, some seconds ago, that an approving review can let pass."""
    clock = world.github.state.clock
    pull = prepared(world, BY_REVIEW_POLICY)
    world.github.state.clock = lambda: clock() + timedelta(seconds=2)
    return pull


def test_an_approving_review_of_the_second_of_the_check_does_not_count(world: World) -> None:
    """GitHub's stamps do not say whether it came before the check had ended."""
    # Later than now, as GitHub refuses an App that signs in from its future.
    moment = world.github.state.clock() + timedelta(minutes=2)
    world.github.state.clock = lambda: moment
    pull = prepared(world, BY_REVIEW_POLICY)
    world.github.review(pull, "APPROVE", by="hubot")
    told(world, pull, BY_REVIEW)

    assert world.check(pull)[1] == "failure"


def test_an_approving_review_of_this_head_counts_where_the_policy_says_so(world: World) -> None:
    pull = reviewable(world)
    world.github.review(pull, "APPROVE", by="member")
    world.github.review(pull, "APPROVE", by="hubot")
    assert told(world, pull, BY_REVIEW) == "obeyed"
    assert world.check(pull)[1] == "success"
    world.github.review(pull, "REQUEST_CHANGES", by="hubot")
    assert told(world, pull, BY_REVIEW) == "obeyed"
    assert world.check(pull)[1] == "failure"


def test_an_approving_review_of_another_head_or_by_the_author_does_not_count(
    world: World,
) -> None:
    pull = reviewable(world)
    world.github.administration.team("example/security", "hubot", "octocat")
    world.github.review(pull, "APPROVE", by="hubot")
    world.github.review(pull, "APPROVE", by="octocat")
    world.push({"c.yaml": GOOD})

    assert world.review(pull) == "blocked"


def test_a_review_counts_for_nothing_where_the_policy_does_not_say_so(world: World) -> None:
    pull = prepared(world)
    world.github.review(pull, "APPROVE", by="hubot")

    assert told(world, pull, BY_REVIEW) == "unneeded"


def test_an_override_is_loud_for_this_head_and_ends(world: World) -> None:
    pull = prepared(world)
    assert said(world, pull, "/fairlead override the site is down", "oncall") == "obeyed"
    status, conclusion, title = world.check(pull)
    assert (status, conclusion, (title or "")[:26]) == (
        "completed",
        "success",
        "OVERRIDDEN by oncall until",
    )
    assert "the site is down" in (world.run(pull).summary or "")
    assert events(world, "overridden") == [("oncall", "the site is down")]
    later = replace(world.service, now=lambda: utc_now() + timedelta(hours=3))
    later.do(world.job(pull, reason="requested"))
    assert world.check(pull)[1] == "failure", "it has expired"
    world.push({"b.yaml": BAD})
    world.review(pull)
    assert world.check(pull)[1] == "failure", "another head was never overridden"


@pytest.mark.parametrize("by", ["hubot", "octocat"])
def test_nobody_else_overrides(world: World, by: str) -> None:
    pull = prepared(world)
    world.github.administration.team("example/on-call", "octocat")
    said(world, pull, "/fairlead override because", by)

    assert (events(world, "overridden"), world.check(pull)[1]) == ([], "failure")


def test_without_the_permission_to_read_members_nobody_is_one(world: World) -> None:
    pull = prepared(world)
    del world.installation.permissions["members"]
    said(world, pull, "/fairlead approve all fine", "hubot")

    assert "the App lacks the permission `members: read`" in answers(pull)[0]
    assert events(world, "approved") == []


@pytest.mark.parametrize(
    ("text", "by", "expected"),
    [
        ("/fairlead help", "member", "approve ID reason"),
        ("/fairlead aprove all x", "octocat", "Fairlead does not know this command."),
        ("/fairlead approve all", "hubot", "Approve `all`: the reason is missing"),
        ("/fairlead explain zzzz", "member", "no finding shown here"),
        ("/fairlead help", "stranger", None),
    ],
)
def test_one_helpful_answer_and_none_for_strangers(
    world: World, text: str, by: str, expected: str | None
) -> None:
    pull = prepared(world)

    assert said(world, pull, text, by) == "heard"
    assert [expected in answer for answer in answers(pull) if expected] == [True] * bool(expected)


def test_a_finding_is_explained_by_its_rule_s_page(world: World) -> None:
    pull = prepared(world)
    mark = short_id(fingerprint_of(pull.comments[0].body) or "")
    said(world, pull, f"/fairlead explain {mark}", "member")

    assert "**Why it matters**" in answers(pull)[0]


def test_recheck_looks_again(world: World) -> None:
    pull = prepared(world)
    before = len(world.runs(pull))

    assert said(world, pull, "/fairlead recheck", "member") == "obeyed"
    assert (len(world.runs(pull)), answers(pull)) == (before + 1, [])
    assert said(world, pull, "/fairlead recheck", "stranger") == "heard"


def test_a_command_in_a_thread_is_answered_in_it(world: World) -> None:
    pull = prepared(world)
    mark = short_id(fingerprint_of(pull.comments[0].body) or "")
    text = f"/fairlead approve {mark} fine"
    made = world.github.reply(pull, pull.comments[0], text, by="hubot")

    assert told(world, pull, f"line:{made.id}:{body_mark(text)}") == "obeyed"
    assert pull.comments[-1].body.partition("\n")[2].startswith("Accepted")
    assert world.check(pull)[1] == "success"


def test_a_hostile_reason_is_shown_harmlessly(world: World) -> None:
    pull = prepared(world)
    said(world, pull, "/fairlead approve all @everyone \u202e<img src=x> ](http://x)", "hubot")

    summary = world.run(pull).summary or ""
    (line,) = [row for row in summary.splitlines() if "accepted by" in row]
    assert line.endswith("`hubot`: `@everyone` `\ufffd<img` `src=x>` `](http://x`\\)")


def test_a_promotion_carries_what_a_merged_pull_request_accepted(world: World) -> None:
    policy = POLICY + "promotes: [staging, production]\n"
    world.analyser.environment = "staging"
    pull = prepared(world, policy)
    said(world, pull, "/fairlead approve all fine", "hubot")
    world.analyser.environment = "production"
    other = world.pull({"a.yaml": BAD, "c.yaml": GOOD}, "promotion")
    assert world.review(other) == "blocked", "it was not merged yet"
    world.github.merge(pull)
    world.review(other, reason="requested")

    assert "as accepted in `staging`" in (world.run(other).summary or "")
    assert world.check(other)[1] == "success"


def test_a_team_is_asked_to_review_once(world: World) -> None:
    pull = prepared(world)
    world.review(pull, reason="requested")

    assert pull.requested_teams == ["images"]
    asked_for = [
        one.request for one in world.github.exchanges.all() if "requested_reviewers" in one.path
    ]
    assert asked_for == [{"team_reviewers": ["images"]}, {"team_reviewers": ["unknown"]}]


def test_a_team_of_another_organisation_is_not_taken_for_one_of_its_name(world: World) -> None:
    pull = prepared(world, POLICY.replace("example/images", "elsewhere/images"))

    assert pull.requested_teams == []


def test_a_team_is_asked_to_review_a_draft_once_it_is_ready(world: World) -> None:
    world.push({".github/fairlead.yml": POLICY}, "main")
    world.github.administration.team("example/images", "pixel")
    pull = world.pull({"a.yaml": BAD})
    world.github.convert_to_draft(pull)
    world.review(pull)
    assert pull.requested_teams == []
    world.github.mark_ready(pull)
    world.review(pull, reason="requested")

    assert pull.requested_teams == ["images"]


@pytest.mark.parametrize(
    ("policy", "teams"), [(POLICY, ["images"]), (POLICY + "block: never\n", [])]
)
def test_an_app_s_pull_request_asks_a_team_only_where_it_is_blocked(
    world: World, policy: str, teams: list[str]
) -> None:
    world.push({".github/fairlead.yml": policy}, "main")
    world.github.administration.team("example/images", "pixel")
    world.github.state.account("renovate[bot]", "Bot")
    world.github.commit(world.repository, "update", encoded({"a.yaml": BAD}))
    pull = world.github.open_pull_request(world.repository, "update", author="renovate[bot]")
    world.review(pull)

    assert pull.requested_teams == teams


def test_a_sweep_takes_back_the_green_of_an_override_that_is_over(world: World) -> None:
    pull = prepared(world)
    said(world, pull, "/fairlead override the site is down", "oncall")
    sweep = MaintenanceTask("sweep", world.installation.id, world.repository.id)
    assert world.service.do(sweep).tasks == ()
    later = replace(world.service, now=lambda: utc_now() + timedelta(hours=3))
    found = later.do(sweep).tasks
    assert [later.do(task).outcome for task in found] == ["blocked"]
    assert world.check(pull)[1] == "failure"
    assert later.do(sweep).tasks == ()


def test_a_sweep_takes_back_the_green_of_a_waiver_that_expired(world: World) -> None:
    """Its last day is whole; after it, the sweep asks once for the review that says so."""
    reason = "reason: moves in Q1, expires: 2026-11-20"
    waivers = f"waivers:\n  - {{rule: image-not-approved, paths: [a.yaml], {reason}}}\n"
    world.push({".github/fairlead.yml": f"version: 1\n{waivers}"}, "main")
    pull = world.pull({"a.yaml": BAD})
    assert world.review(pull) == "pass"
    sweep = MaintenanceTask("sweep", world.installation.id, world.repository.id)
    assert world.service.do(sweep).tasks == ()
    later = replace(world.service, today=lambda: TODAY + timedelta(days=1))
    found = later.do(sweep).tasks
    assert [later.do(task).outcome for task in found] == ["blocked"]
    assert world.check(pull)[1] == "failure"
    assert later.do(sweep).tasks == ()


def test_a_waiver_that_was_prolonged_is_recorded_and_asks_for_no_review(world: World) -> None:
    def waived(expires: str) -> str:
        only = f"rule: image-not-approved, paths: [a.yaml], reason: moves, expires: {expires}"
        return f"version: 1\nwaivers:\n  - {{{only}}}\n"

    world.push({".github/fairlead.yml": waived("2026-11-20")}, "main")
    pull = world.pull({"a.yaml": BAD})
    world.review(pull)
    world.push({".github/fairlead.yml": waived("2027-03-31")}, "main")
    world.review(pull, reason="requested")
    held = world.service.audit.entries("waived", world.repository.id)
    assert [one.data["because"]["expires"] for one in held] == [
        "2026-11-20",
        "2027-03-31",
    ]
    later = replace(world.service, today=lambda: TODAY + timedelta(days=1))
    sweep = MaintenanceTask("sweep", world.installation.id, world.repository.id)
    assert later.do(sweep).tasks == ()


def queued(world: World, pull: StandInPullRequest) -> str | None:
    """How the check of a merge queue's combination ends."""
    group = world.github.merge_queue.enqueue(pull)
    job = GroupJob(
        world.installation.id, world.repository.id, pull.number, group.base_sha, group.head_sha,
        "main",
    )  # fmt: skip
    world.service.do(job)
    runs = [run for run in world.repository.runs.values() if run.suite.head_sha == group.head_sha]
    return runs[-1].conclusion


@pytest.mark.parametrize(
    ("text", "by"),
    [("/fairlead approve all fine", "hubot"), ("/fairlead override the site is down", "oncall")],
)
def test_what_was_accepted_or_overridden_holds_in_the_merge_queue(
    world: World, text: str, by: str
) -> None:
    pull = prepared(world)
    said(world, pull, text, by)

    assert queued(world, pull) == "success"


@pytest.mark.parametrize(
    ("text", "by"),
    [("/fairlead approve all fine", "hubot"), ("/fairlead override the site is down", "oncall")],
)
def test_what_only_the_combination_adds_blocks_there(world: World, text: str, by: str) -> None:
    pull = prepared(world)
    said(world, pull, text, by)
    world.analyser.everywhere = True
    world.push({"late.yaml": BAD}, "main")

    assert queued(world, pull) == "failure"


def test_an_approving_review_holds_in_the_merge_queue(world: World) -> None:
    pull = reviewable(world)
    world.github.review(pull, "APPROVE", by="hubot")
    told(world, pull, BY_REVIEW)

    assert queued(world, pull) == "success"


def payload(event: str, **comment: Any) -> dict[str, Any]:
    user = {"login": "hubot", "type": comment.pop("type", "User")}
    held = {"id": 5, "user": user, "body": "/fairlead recheck"} | comment
    where = {"installation": {"id": 7}, "repository": {"id": 9}}
    if event == "issue_comment":
        return {**where, "issue": {"number": 3, "pull_request": {}}, "comment": held}
    return {**where, "pull_request": {"number": 3}, "comment": held}


MARK = body_mark("/fairlead recheck")


@pytest.mark.parametrize(
    ("event", "action", "more", "expected"),
    [
        ("issue_comment", "created", {}, f"issue:5:{MARK}"),
        ("pull_request_review_comment", "created", {}, f"line:5:{MARK}"),
        ("issue_comment", "edited", {}, None),
        ("issue_comment", "deleted", {}, None),
        ("issue_comment", "created", {"type": "Bot"}, None),
        ("issue_comment", "created", {"body": "fine"}, None),
        ("issue_comment", "created", {"body": "> /fairlead recheck"}, None),
        ("issue_comment", "created", {"body": "/fairlead recheck\n" + "x" * 1_000_000}, None),
        ("issue_comment", "created", {"body": None}, None),
    ],
)
def test_only_a_new_comment_with_a_command_asks_for_anything(
    event: str, action: str, more: dict[str, Any], expected: str | None
) -> None:
    found = tasks_for_event(event, action, payload(event, **more))

    assert found == ((MaintenanceTask("obey", 7, 9, 3, expected),) if expected else ())


def test_a_comment_on_a_plain_issue_asks_for_nothing() -> None:
    held = payload("issue_comment")
    del held["issue"]["pull_request"]

    assert tasks_for_event("issue_comment", "created", held) == ()


@pytest.mark.parametrize(
    ("action", "state", "expected"),
    [
        ("submitted", "approved", 1),
        ("submitted", "changes_requested", 1),
        ("dismissed", "dismissed", 1),
        ("submitted", "commented", 0),
        ("edited", "approved", 0),
    ],
)
def test_a_review_that_may_be_an_approval_is_looked_at(
    action: str, state: str, expected: int
) -> None:
    held = payload("pull_request_review")
    held["review"] = {"state": state, "user": {"type": "User"}}

    assert tasks_for_event("pull_request_review", action, held) == (
        (MaintenanceTask("obey", 7, 9, 3, BY_REVIEW),) * expected
    )
