"""The pages as a Flask blueprint: the first page, the rules, and the reviews behind sign-in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import msgspec
from flask import Blueprint, Response, jsonify, redirect, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from bot.catalog import rule_options
from bot.core.policy.schema import SCHEMA_PATH, policy_schema, published
from bot.core.publish.page_model import ReviewPage
from bot.store.audit import Audit, AuditEntry
from bot.store.reviews import Reviews, StoredReview
from bot.web.graph import draw
from bot.web.rendering import harden, page, style
from bot.web.rule_pages import rule_pages
from bot.web.signin import SESSION_SECONDS, SignedIn, SignIn

SESSION: Final = "fairlead_session"
LOGIN: Final = "fairlead_login"

_HEAD: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

_MOST_EVENTS: Final = 100
_EVENTS: Final = {
    "concluded": "reviewed",
    "approved": "accepted a finding",
    "overridden": "let the commit through",
    "refused": "was refused",
    "notified": "was notified",
}


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages need. `signin` is None where the App's client secret is not set.

    `app` returns the App's page on GitHub, None while it is not known; it never waits for GitHub.
    `secure` says that the public address is https, so that cookies are sent over it only.
    `address` is that address, without a slash at its end.
    """

    reviews: Reviews
    audit: Audit
    github: str
    app: Callable[[], str | None] = lambda: None
    signin: SignIn | None = None
    secure: bool = True
    address: str | None = None


def create_pages(site: Site) -> Blueprint:
    """The blueprint of all public pages."""
    blueprint = Blueprint("web", __name__)
    pages = _Pages(site)
    blueprint.add_url_rule("/", "index", pages.index)
    blueprint.add_url_rule("/rules", "rules", pages.rules)
    blueprint.add_url_rule("/rules/<rule>", "rule", pages.rule)
    blueprint.add_url_rule(SCHEMA_PATH, "schema", pages.schema)
    blueprint.add_url_rule("/r/<owner>/<name>/<int:pull>/<head>", "review", pages.review)
    blueprint.add_url_rule("/login", "login", pages.login)
    blueprint.add_url_rule("/login/callback", "callback", pages.callback)
    blueprint.add_url_rule("/logout", "logout", pages.logout, methods=["POST"])
    blueprint.add_url_rule("/static/style.css", "style", style)
    blueprint.after_request(harden)
    for status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        blueprint.app_errorhandler(status)(_missing_address)
    blueprint.app_errorhandler(HTTPStatus.INTERNAL_SERVER_ERROR)(_failed)
    return blueprint


def _missing_address(error: HTTPException) -> Answer:
    return _refused(error, "Not found", "There is nothing at this address.")


def _failed(error: HTTPException) -> Answer:
    text = "The page could not be shown. The check on the pull request has the review; the log of "
    return _refused(error, "Something went wrong", f"{text}this service says what happened.")


def _refused(error: HTTPException, title: str, text: str) -> Answer:
    """The error as a page where a browser asks, otherwise as JSON; never echoes the request."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if not request.accept_mimetypes.accept_html or request.method == "POST":
        response: Response = jsonify(message=error.name)
        response.status_code = status
        return response
    return harden(page("message.html", status, title=title, text=text, who=None))


@dataclass(frozen=True, slots=True)
class _Pages:
    site: Site

    def index(self) -> Response:
        """What this is, what runs here, and how to install it."""
        site = self.site
        return page(
            "index.html", rules=len(rule_pages()), site=site, app=site.app(), who=self._who()
        )

    def rules(self) -> Response:
        """Every rule."""
        return page("rules.html", rules=rule_pages().values(), who=self._who())

    def rule(self, rule: str) -> Response:
        """The page of a rule."""
        found = rule_pages().get(rule)
        if found is None:
            return self._missing("There is no such rule.")
        return page("rule.html", rule=found, body=Markup(found.html), who=self._who())  # noqa: S704 - rendered from our own page, HTML disabled

    def schema(self) -> Response:
        """The JSON Schema of the policy, as the service that runs here reads it."""
        document = policy_schema(rule_options())
        if self.site.address:
            document = published(document, self.site.address)
        response = Response(json.dumps(document), mimetype="application/schema+json")
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    def review(self, owner: str, name: str, pull: int, head: str) -> Answer:
        """A review, for those who can read its repository now."""
        if self.site.signin is None:
            return page(
                "message.html",
                HTTPStatus.NOT_FOUND,
                title="Reviews are not shown here",
                text="The operator of this service has not set the App's client secret, so nobody "
                "can sign in. The check on the pull request has the review.",
                who=None,
            )
        who = self._who()
        if who is None:
            return redirect(f"/login?next={quote(request.path)}")
        full_name = f"{owner}/{name}"
        stored = self.site.reviews.get(full_name, pull, head) if _HEAD.fullmatch(head) else None
        # Without a review GitHub is asked as well: how long it takes tells nothing.
        number = stored.repository if stored else 0
        if not self.site.signin.may_read(who, number, full_name) or stored is None:
            return self._missing("There is no such review, or you cannot read its repository.")
        return self._shown(stored, who)

    def _shown(self, stored: StoredReview, who: SignedIn) -> Response:
        document = msgspec.json.decode(stored.document, type=ReviewPage)
        history = self.site.reviews.history(stored.repository, stored.pull)
        return page(
            "review.html",
            stored=stored,
            review=document,
            history=history,
            newest=not history or history[0].head == stored.head,
            events=_events(self.site.audit, stored),
            pull_url=f"{self.site.github}/{stored.name}/pull/{stored.pull}",
            draw=draw,
            who=who,
        )

    def login(self) -> Answer:
        """To GitHub, to sign in there."""
        if self.site.signin is None:
            return self._missing("Nobody can sign in here.")
        pending = self.site.signin.begin(request.args.get("next", "/"))
        response = redirect(pending.location)
        self._set(response, LOGIN, pending.cookie, "/login", 600)
        return response

    def callback(self) -> Answer:
        """Back from GitHub."""
        if self.site.signin is None:
            return self._missing("Nobody can sign in here.")
        ended = self.site.signin.end(
            request.cookies.get(LOGIN, ""),
            request.args.get("state", ""),
            request.args.get("code", ""),
        )
        if ended is None:
            response: Answer = page(
                "message.html",
                HTTPStatus.BAD_REQUEST,
                title="You are not signed in",
                text="The sign-in started in another browser or too long ago, or GitHub did not "
                "confirm it. Open the check's link again.",
                who=None,
            )
        else:
            session, back = ended
            response = redirect(back)
            self._set(response, SESSION, session, "/", SESSION_SECONDS)
        response.delete_cookie(LOGIN, path="/login")
        return response

    def logout(self) -> Answer:
        """Forget who is looking."""
        response = redirect("/")
        response.delete_cookie(SESSION, path="/")
        return response

    def _who(self) -> SignedIn | None:
        if self.site.signin is None:
            return None
        return self.site.signin.session(request.cookies.get(SESSION, ""))

    def _set(self, response: Answer, name: str, value: str, path: str, seconds: int) -> None:
        # Lax: GitHub leads the browser back by an ordinary link.
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            httponly=True,
            samesite="Lax",
            secure=self.site.secure,
            path=path,
        )

    def _missing(self, text: str) -> Response:
        return page(
            "message.html", HTTPStatus.NOT_FOUND, title="Not found", text=text, who=self._who()
        )


def _events(audit: Audit, stored: StoredReview) -> Sequence[tuple[str, str, str, str]]:
    """The history of a pull request from the audit log: when, who, what, and why."""
    entries: list[AuditEntry] = []
    for event in _EVENTS:
        entries += audit.entries(event, stored.repository, pull=stored.pull)  # type: ignore[arg-type] # keys of _EVENTS are events
    newest = sorted(entries, key=lambda entry: entry.at, reverse=True)[:_MOST_EVENTS]
    return [
        (
            entry.at,
            entry.actor or "Fairlead",
            f"{_EVENTS[entry.event]} {entry.head[:8]}",
            entry.reason or str(entry.data.get("verdict", "")),
        )
        for entry in newest
    ]
