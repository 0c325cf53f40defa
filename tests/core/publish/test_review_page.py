"""The document of a review's page."""

from __future__ import annotations

from dataclasses import replace

from bot.core.engine.review import Counts, RemovedGrants, Review, Summary
from bot.core.policy.model import Policy
from bot.core.publish.page_model import PageGrant
from bot.core.publish.pages import NO_PAGES
from bot.core.publish.review_page import review_page

NOTHING = Summary(1, 2, Counts(changed=1), "other")
REVIEW = Review("pass", "b" * 40, "c" * 40, (), (), (), NOTHING)


def test_what_a_change_takes_away_is_listed() -> None:
    removed = RemovedGrants("User u\u202e", "shop", "list, watch", "secrets")
    summary = replace(NOTHING, removed_grants=(removed,))
    page = review_page(replace(REVIEW, summary=summary), Policy(), NO_PAGES, lambda _: None)

    assert page.grants == (
        PageGrant(
            "User u\N{REPLACEMENT CHARACTER}", "shop", "list, watch", "secrets", removed=True
        ),
    )
