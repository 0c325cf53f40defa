"""Problems are accepted on the wire: by whom, for which inputs, and what the check says then."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

import pytest

from bot.analysis.process.parent import AnalysisOptions, ComparedTree
from bot.core.engine.approvals import short_id
from bot.core.engine.decide import decide
from bot.core.engine.review import (
    Analysis,
    Counts,
    Location,
    Problem,
    ProblemSubject,
    Review,
    Summary,
    problem_about,
)
from bot.core.policy.model import Policy
from bot.standin.repositories import StandInPullRequest
from tests.service.test_commands import answers, events, said
from tests.service.world import GOOD, World

MORE = GOOD + "# more\n"
POLICY = """\
version: 1
approvals:
  - {rules: ["*"], teams: [example/security]}
"""
_ACCEPTED = "Accepted `{}`: `a.yaml` is not read. The approval holds until the finding changes."
IMAGES = POLICY + '  - {rules: ["image-*"], teams: [example/images]}\n'


@dataclass(frozen=True)
class Unread:
    """An analysis that cannot look at `a.yaml`: a problem that rests on the file's content."""

    def __call__(
        self,
        base: ComparedTree,
        head: ComparedTree,
        policy: Policy,
        today: date,
        options: AnalysisOptions,
        /,
    ) -> Review:
        del options
        old, new = base.tree.get("a.yaml"), head.tree.get("a.yaml")
        problems: tuple[Problem, ...] = ()
        if new is not None and new != old:
            subject = ProblemSubject("a.yaml", (new.blob,))
            location = Location("a.yaml", None, "RIGHT")
            problems = (
                problem_about(subject, "unrendered", location, "a.yaml is not read", new=True),
            )
        analysis = Analysis((), problems, Summary(1, 1, Counts(changed=1), "other"))
        return decide(analysis, policy, base=base.name, head=head.name, today=today)


def _opened(world: World, policy: str = POLICY) -> tuple[World, StandInPullRequest]:
    """A pull request of octocat that is incomplete."""
    here = replace(world, service=replace(world.service, judge=Unread()))
    here.push({".github/fairlead.yml": policy}, "main")
    here.github.administration.team("example/security", "hubot", "octocat")
    here.github.administration.team("example/images", "pixel")
    for login in ("hubot", "pixel", "octocat"):
        here.github.add_collaborator(here.repository, login, "write")
    pull = here.pull({"a.yaml": MORE})
    assert here.review(pull) == "incomplete"
    return here, pull


def _id(world: World, pull: StandInPullRequest) -> str:
    """The id that people copy from the check."""
    match = re.search(r"a\.yaml` is not read.*?\(id `(\w+)`\)", world.run(pull).summary or "")
    assert match is not None
    return match[1]


def test_who_may_accept_every_rule_accepts_a_problem(world: World) -> None:
    here, pull = _opened(world)
    assert here.check(pull)[:2] == ("completed", "failure")
    problem = _id(here, pull)

    assert said(here, pull, f"/fairlead approve {problem} read by hand", "hubot") == "obeyed"

    assert here.check(pull)[:2] == ("completed", "success")
    summary = here.run(pull).summary or ""
    assert "`a.yaml` is not read" in summary
    assert "accepted by `hubot`: read by hand" in summary
    assert answers(pull) == [_ACCEPTED.format(problem)]
    assert events(here, "approved") == [("hubot", "read by hand")]
    assert here.github.merge_refused(pull) is None


@pytest.mark.parametrize(
    ("policy", "by"),
    [
        pytest.param(IMAGES, "pixel", id="who may accept some rules"),
        pytest.param(POLICY, "octocat", id="the author, also of the team"),
        pytest.param(POLICY, "stranger", id="nobody's colleague"),
    ],
)
def test_nobody_else_does(world: World, policy: str, by: str) -> None:
    here, pull = _opened(world, policy)

    assert said(here, pull, f"/fairlead approve {_id(here, pull)} fine", by) == "heard"

    assert here.review(pull, reason="requested") == "incomplete"
    assert events(here, "approved") == []
    assert here.check(pull)[:2] == ("completed", "failure")


def test_the_consent_ends_when_what_the_problem_rests_on_changes(world: World) -> None:
    here, pull = _opened(world)
    said(here, pull, f"/fairlead approve {_id(here, pull)} read by hand", "hubot")

    here.push({"b.yaml": GOOD})
    beside = here.review(pull)
    here.push({"a.yaml": MORE + "# other content\n"})
    changed = here.review(pull)

    assert (beside, changed) == ("pass", "incomplete")
    assert here.check(pull)[:2] == ("completed", "failure")


def test_all_accepts_the_problems_that_were_shown(world: World) -> None:
    here, pull = _opened(world)

    assert said(here, pull, "/fairlead approve all read by hand", "hubot") == "obeyed"

    assert here.check(pull)[:2] == ("completed", "success")
    subject = ProblemSubject("a.yaml", ("its content",))
    problem = problem_about(subject, "unrendered", None, "a.yaml is not read", new=True)
    assert answers(pull) == [_ACCEPTED.format(short_id(problem.id))]
