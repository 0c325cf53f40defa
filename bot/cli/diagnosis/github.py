"""The part of `fairlead doctor` that checks the App on GitHub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from bot.catalog import rule_options
from bot.cli.diagnosis.branches import check_branches
from bot.cli.diagnosis.diagnosis import Diagnosis, ok, problem, warning
from bot.cli.diagnosis.webhook import deliveries, webhook
from bot.core.policy.organisation import parse_organisation
from bot.errors import GitHubError, PolicyError
from bot.github.app.inspection import Inspection
from bot.github.app.registration import EVENTS, NEEDED, NEEDED_EVENTS, lacking
from bot.github.auth import Gateway
from bot.github.organisation import place_of, read_organisation
from bot.github.signing import app_auth
from bot.settings import Settings

_MOST_INSTALLATIONS: Final = 20

_SKEW: Final = 30.0
"""Seconds. GitHub refuses a JWT from the future; the client dates its own a minute back."""

_ACCEPT: Final = "an owner can accept them at {}"


def look_at_github(settings: Settings, only: str | None, repositories: int) -> Iterator[Diagnosis]:
    """Every line about the App, its installations and the rules of their branches.

    `only` names one repository, None for the first `repositories` of each installation.
    """
    if missing := settings.missing():
        yield problem(
            "credentials",
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set",
            "set them, or run `fairlead serve` without any and follow the set-up page",
        )
        return
    # Checks the key as the service does, with the same messages.
    gateway = Gateway(settings.app_id or "", settings.key, settings.github_api_url)
    auth = app_auth(settings.app_id or "", settings.key)
    with Inspection(auth, settings.github_api_url) as github:
        try:
            answer = github.app()
        except GitHubError as error:
            yield problem(
                "credentials",
                str(error),
                "compare APP_ID and PRIVATE_KEY with the App's page, and check GITHUB_API_URL",
            )
            return
        app = answer.body
        yield ok("credentials", f"App {app['slug']} (id {app['id']}) at {settings.github_api_url}")
        yield from _clock(answer.skew(datetime.now(UTC)))
        yield from _subscriptions(app)
        yield from _answered(webhook(github, settings_page(app)), "webhook")
        yield from _answered(deliveries(github), "deliveries")
        yield from _installations(github, gateway, app, only, repositories)


def settings_page(app: Mapping[str, Any]) -> str:
    """The page where the App's owner edits it; `html_url` is its public page."""
    parts = urlsplit(app["html_url"])
    owner = app["owner"]
    if "type" not in owner:
        place = f"enterprises/{owner['slug']}/settings"
    elif owner["type"] == "Organization":
        place = f"organizations/{owner['login']}/settings"
    else:
        place = "settings"
    return f"{parts.scheme}://{parts.netloc}/{place}/apps/{app['slug']}"


def _clock(skew: float | None) -> Iterator[Diagnosis]:
    if skew is None:
        return
    if abs(skew) > _SKEW:
        message = f"this clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} GitHub's"
        yield problem(
            "clock", message, "synchronise it by NTP: GitHub refuses tokens with a wrong time"
        )
    else:
        yield ok("clock", "within 30 s of GitHub's")


def _subscriptions(app: Mapping[str, Any]) -> Iterator[Diagnosis]:
    """The App's permissions and events compared with those that Fairlead needs."""
    page = settings_page(app)
    yield _permissions("permissions", app["permissions"], f"add them at {page}/permissions")
    absent = [name for name in EVENTS if name not in app["events"]]
    if not absent:
        yield ok("events", "all that are needed")
        return
    message, advice = f"not subscribed: {', '.join(absent)}", f"subscribe at {page}/permissions"
    kind = problem if set(absent) & set(NEEDED_EVENTS) else warning
    yield kind("events", message, advice)


def _permissions(subject: str, granted: Mapping[str, Any], advice: str) -> Diagnosis:
    absent = dict(lacking(granted))
    if not absent:
        return ok(subject, "all that are needed")
    message = "missing: " + ", ".join(f"{name} ({level})" for name, level in absent.items())
    kind = problem if set(absent) & set(NEEDED) else warning
    return kind(subject, message, advice)


def _installations(
    github: Inspection,
    gateway: Gateway,
    app: Mapping[str, Any],
    only: str | None,
    repositories: int,
) -> Iterator[Diagnosis]:
    installations = list(islice(github.installations(), _MOST_INSTALLATIONS))
    if not installations:
        page = f"{app.get('html_url', '')}/installations/new"
        yield warning("installations", "the App is not installed anywhere", f"install it at {page}")
    seen = False
    for installation in installations:
        login = installation["account"]["login"]
        if only is not None and only.partition("/")[0].lower() != login.lower():
            continue
        subject = f"installation {login}"
        if installation.get("suspended_at"):
            yield problem(subject, "it is suspended", f"resume it at {installation['html_url']}")
            continue
        advice = _ACCEPT.format(installation["html_url"])
        yield _permissions(subject, installation["permissions"], advice)
        yield from _answered(_organisation(gateway, installation["id"], login), subject)
        for line in _answered(
            check_branches(github, installation["id"], app["id"], only, repositories), subject
        ):
            seen = True
            yield line
    if only is not None and not seen:
        yield problem(
            only, "the App is not installed on it", "install it there, or correct the name"
        )


def _organisation(gateway: Gateway, installation: int, login: str) -> Iterator[Diagnosis]:
    """The organisation's policy, which repositories build on and which may lock settings."""
    subject = f"policy of {login}"
    try:
        text = read_organisation(gateway, installation, login)
        organisation = parse_organisation(text, rule_options()) if text is not None else None
    except PolicyError as error:
        message = f"{place_of(login)} is invalid, so every check ends as action_required: {error}"
        yield problem(subject, message, "correct it on its default branch")
        return
    if organisation is None:
        yield ok(subject, f"none: the App found no {place_of(login)}")
        return
    locked = f", which locks {', '.join(organisation.locked)}" if organisation.locked else ""
    yield ok(subject, f"every repository builds on {place_of(login)}{locked}")


def _answered(look: Iterator[Diagnosis], subject: str) -> Iterator[Diagnosis]:
    """The lines of one check, or GitHub's refusal as a line."""
    try:
        yield from look
    except GitHubError as error:
        yield problem(subject, str(error), "try again; the App may lack a permission")
