"""The pages over HTTP: who sees what, what is linked, and what a page never lets through."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from bot.app import create_app
from bot.catalog import load_rules, rule_options
from bot.core.diff.model import Difference, UnreadFile
from bot.core.engine.review import Review
from bot.core.policy.model import Policy
from bot.core.policy.schema import SCHEMA_PATH, policy_schema
from bot.core.publish.pages import Pages
from bot.core.publish.review_page import review_page
from bot.metrics import Metrics
from bot.standin import StandIn
from bot.store.audit import Audit, AuditEntry
from bot.store.reviews import Reviews, StoredReview
from bot.web.overview import create_overview
from bot.web.pages import SESSION, Site, create_pages
from bot.web.signin import OAuthApp, SignIn, safe_path
from tests.app.test_app import Book
from tests.core.publish.test_markdown import HOSTILE
from tests.core.publish.test_report import DIFFERENCE
from tests.patience import PATIENCE
from tests.reviews import HEAD, MANY, PROBLEMS, RICH, decided, finding

ADDRESS = "http://localhost"
REVIEW = replace(decided(RICH, finding(), problems=PROBLEMS, summary=MANY), difference=DIFFERENCE)


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def stored(
    repository: int, review: Review = REVIEW, head: str = HEAD, at: str = "1"
) -> StoredReview:
    page = review_page(
        review, Policy(), Pages(repository="https://github.example/o/n"), lambda _: "x: 1"
    )
    return StoredReview(
        repository,
        "example/gitops",
        7,
        head,
        at,
        review.verdict,
        "Blocked",
        msgspec.json.encode(page),
    )


class World:
    """The pages beside a stand-in GitHub with two people, of whom one can read the repository."""

    def __init__(self, github: StandIn) -> None:
        self.clock = Clock()
        self.github = github
        self.app = github.create_app()
        self.repository = github.create_repository("example/gitops", {"a.yaml": b"a: 1\n"})
        github.install(self.app, self.repository)
        github.add_collaborator(self.repository, "reader", "read")
        github.state.account("stranger")
        self.reviews, self.audit = Reviews(), Audit()
        oauth = OAuthApp(self.app.client_id, self.app.client_secret, github.url, github.api_url)
        signin = SignIn(oauth, f"{ADDRESS}/login/callback", self.clock)
        self.site = Site(self.reviews, self.audit, github.url, signin=signin, secure=False)
        self.reviews.put(stored(self.repository.id))

    def client(self, site: Site | None = None) -> FlaskClient:
        app = Flask("pages", static_folder=None)
        app.register_blueprint(create_pages(site or self.site))
        return app.test_client()

    def signed_in(self, login: str) -> FlaskClient:
        client = self.client()
        asked = client.get("/login?next=/rules").headers["Location"]
        answer = client.get(self.allowed(asked, login))
        assert (answer.status_code, answer.headers["Location"]) == (302, "/rules")
        return client

    def allowed(self, location: str, login: str) -> str:
        """Where GitHub leads the browser back to after a person's consent."""
        parts = urlsplit(location)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        answer = requests.post(
            f"{self.github.url}/login/oauth/authorize",
            data={**query, "login": login},
            allow_redirects=False,
            timeout=PATIENCE,
        )
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"


@pytest.fixture
def world(stand_in: StandIn) -> World:
    return World(stand_in)


def path(head: str = HEAD) -> str:
    return f"/r/example/gitops/7/{head}"


def test_whoever_can_read_the_repository_sees_the_review(world: World) -> None:
    page = world.signed_in("reader").get(path())

    assert page.status_code == 200
    for text in (
        "Service shop/api is newly reachable from outside",
        "x: 1",
        f"https://github.example/o/n/blob/{HEAD}/apps/api.yaml#L12",
        "spec.template.spec.containers[name=web].image",
        "<del>web:1</del><ins>web:2</ins>",
        "a chart is not rendered",
        'href="/rules/service-exposed"',
        '<svg role="img"',
    ):
        assert text in page.text


def test_whoever_cannot_read_it_sees_what_nobody_else_can_tell_apart(world: World) -> None:
    client = world.signed_in("stranger")

    hidden, missing = client.get(path()), client.get(path("c" * 40))

    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert hidden.text == missing.text
    assert "shop" not in hidden.text


def test_who_may_read_is_asked_each_time(world: World) -> None:
    client = world.signed_in("reader")
    assert client.get(path()).status_code == 200

    del world.repository.collaborators["reader"]

    assert client.get(path()).status_code == 404


def test_another_repository_of_the_same_name_shows_nothing(world: World) -> None:
    client = world.signed_in("reader")
    world.reviews.put(replace(stored(world.repository.id + 1), head="d" * 40))

    assert client.get(path("d" * 40)).status_code == 404


def test_without_a_session_github_is_asked_who_it_is(world: World) -> None:
    answer = world.client().get(path())

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login?next={path()}")


def test_a_session_ends_after_an_hour_and_on_sign_out(world: World) -> None:
    client, other = world.signed_in("reader"), world.signed_in("reader")

    other.post("/logout")
    world.clock.now += 3601

    assert (client.get(path()).status_code, other.get(path()).status_code) == (302, 302)


@pytest.mark.parametrize("change", ["state", "cookie", "code", "late", "other"])
def test_a_login_that_is_not_the_one_begun_is_refused(world: World, change: str) -> None:
    client = world.client()
    back = world.allowed(client.get("/login?next=/rules").headers["Location"], "reader")
    match change:
        case "state":
            back = back.replace("state=", "state=x")
        case "cookie":
            client.delete_cookie("fairlead_login", path="/login")
        case "code":
            back = back.replace("code=", "code=x")
        case "late":
            world.clock.now += 601
        case _:
            client.get("/login?next=/rules")

    answer = client.get(back)

    assert answer.status_code == 400
    assert client.get_cookie(SESSION) is None


def test_a_code_without_its_verifier_is_worth_nothing(world: World) -> None:
    """PKCE: whoever saw the code on its way cannot exchange it."""
    first = world.client()
    back = world.allowed(first.get("/login").headers["Location"], "reader")
    code = parse_qs(urlsplit(back).query)["code"][0]
    second = world.client()
    location = second.get("/login").headers["Location"]
    state = parse_qs(urlsplit(location).query)["state"][0]

    assert second.get(f"/login/callback?code={code}&state={state}").status_code == 400


def test_a_forged_session_is_none(world: World) -> None:
    client = world.client()
    client.set_cookie(SESSION, "gAAAAABforged")

    assert client.get(path()).status_code == 302


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb", "", "x"]
)
def test_nobody_is_led_to_another_site(target: str) -> None:
    assert safe_path(target) == "/"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_of_a_pull_request_is_markup(world: World, text: str) -> None:
    hostile = finding(message=text, path=text, environments=(text,), fingerprint="ab")
    world.reviews.put(stored(world.repository.id, decided(hostile)))

    page = world.signed_in("reader").get(path()).text

    assert "<img" not in page
    assert "<script" not in page
    assert "javascript:" not in page.lower()


def test_a_file_that_is_not_compared_is_named(world: World) -> None:
    unread = Difference(unread=(UnreadFile("apps/<b>.yaml", "not compared"),))
    world.reviews.put(stored(world.repository.id, replace(REVIEW, difference=unread)))

    page = world.signed_in("reader").get(path()).text

    assert "<p>1 file not compared, after rendering.</p>" in page
    assert "<li><code>apps/&lt;b&gt;.yaml</code>: not compared</li>" in page


def test_every_rule_has_a_page_and_the_list_links_to_it(world: World) -> None:
    client = world.client()
    listed = client.get("/rules").text

    for rule in load_rules():
        assert f'href="/rules/{rule.id}"' in listed
        assert f"<h1>{rule.id}</h1>" in client.get(f"/rules/{rule.id}").text
    assert client.get("/rules/no-such-rule").status_code == 404


def test_a_rule_says_how_severe_it_is_and_colours_its_examples(world: World) -> None:
    page = world.client().get("/rules/network-policy-invalid").text

    assert '<span class="severity error">error</span> </p>' in page
    assert (
        "<del>-    - ipBlock: {cidr: 10.0.0.0/8}</del><ins>+    - ipBlock: {cidr: 10.0.0.5/8}"
        in page
    )
    several = world.client().get("/rules/rbac-privilege-added").text
    assert (
        '<span class="severity error">error</span> <span class="severity warning">warning</span> '
        '<span class="severity notice">notice</span> depending on what is found</p>'
    ) in several
    promised = (
        '<span class="promise error">error: ServiceAccount shop/api can now read every Secret'
    )
    assert f"<ins>+  - secrets</ins>{promised}" in several
    assert "# finding" not in several
    assert "the API refuses (<code>NP-INVALID</code>)" in world.client().get("/rules").text


def test_the_first_page_says_what_this_is(world: World) -> None:
    page = world.client().get("/")

    assert (page.status_code, "Install it on a repository" in page.text) == (200, True)
    assert "Install the App from its page on GitHub" in page.text


def test_the_first_page_leads_to_the_installation(world: World) -> None:
    page = world.client(replace(world.site, app=lambda: "https://github.example/apps/fairlead"))

    assert 'href="https://github.example/apps/fairlead/installations/new"' in page.get("/").text


@pytest.mark.parametrize(
    "address", ["/", "/rules", "/rules/image-not-approved", "/static/style.css"]
)
def test_no_page_runs_a_script_or_loads_from_elsewhere(world: World, address: str) -> None:
    page = world.client().get(address)

    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "script" not in policy
    assert "<script" not in page.text
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_without_a_client_secret_reviews_are_not_shown(world: World) -> None:
    site = replace(world.site, signin=None)
    client = world.client(site)

    assert (client.get(path()).status_code, client.get("/login").status_code) == (404, 404)


def test_cookies_go_over_https_alone(world: World) -> None:
    client = world.client(replace(world.site, secure=True))

    cookie = client.get("/login").headers["Set-Cookie"]

    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/login"))


def test_the_newest_review_of_a_pull_request_is_named(world: World) -> None:
    world.reviews.put(stored(world.repository.id, head="e" * 40, at="2"))

    page = world.signed_in("reader").get(path()).text

    assert "A newer commit of this pull request was reviewed" in page
    assert f"/r/example/gitops/7/{'e' * 40}" in page


def test_the_overview_counts_what_fires_and_lists_waivers_and_approvals(world: World) -> None:
    number = world.repository.id
    common: dict[str, Any] = {
        "at": "2026-11-20T10:00",
        "repository": number,
        "name": "example/gitops",
    }
    fired = {"event": "found", "rule": "image-not-approved", **common}
    ended = {"message": "It moves", "because": {"expires": "2027-01-01"}}
    world.audit.append(
        [
            AuditEntry(key="1", pull=1, head="a", fingerprint="x", **fired),
            AuditEntry(key="2", pull=2, head="b", fingerprint="y", **fired),
            AuditEntry(
                key="3",
                event="waived",
                pull=2,
                head="b",
                rule="pods-not-spread",
                fingerprint="z",
                reason="PLAT-812",
                data=ended,
                **common,
            ),
            AuditEntry(
                key="4",
                event="approved",
                pull=2,
                head="b",
                rule="rbac-invalid",
                actor="hubot",
                reason="agreed",
                **common,
            ),
        ]
    )
    app = Flask("admin", static_folder=None)
    app.register_blueprint(create_overview(world.reviews, world.audit))

    page = app.test_client().get("/").text

    assert "<code>image-not-approved</code>" in page
    assert '<td data-label="Findings">2</td><td data-label="Pull requests">2</td>' in page
    assert "until 2027-01-01: PLAT-812" in page
    assert "hubot <code>rbac-invalid</code> #2: agreed" in page


def test_the_overview_links_to_the_reviews_that_are_kept_and_to_rules(world: World) -> None:
    entries = [
        AuditEntry(
            key=str(pull),
            event="approved",
            at="2026-11-20T10:00",
            repository=world.repository.id,
            name="example/gitops",
            pull=pull,
            head=HEAD,
            rule="rbac-invalid",
            actor="hubot",
            reason="agreed",
        )
        for pull in (7, 8)
    ]
    world.audit.append(entries)
    app = Flask("admin", static_folder=None)
    app.register_blueprint(create_overview(world.reviews, world.audit, "https://f.example"))

    page = app.test_client().get("/").text

    review = f"https://f.example/r/example/gitops/7/{HEAD}"
    rule = '<a href="https://f.example/rules/rbac-invalid"><code>rbac-invalid</code></a>'
    assert f'<a href="{review}">example/gitops #7</a>' in page
    assert f'hubot {rule} <a href="{review}">#7</a>: agreed' in page
    assert f"hubot {rule} #8: agreed" in page


def test_an_address_that_is_none_is_a_page_for_people_and_json_for_machines(world: World) -> None:
    client = create_app(["s"], Book(), Metrics(), [create_pages(world.site)]).test_client()
    page = client.get("/nothing", headers={"Accept": "text/html"})
    answer = client.get("/nothing", headers={"Accept": "application/json"})

    assert (page.status_code, "There is nothing at this address." in page.text) == (404, True)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert (answer.status_code, answer.json) == (404, {"message": "Not Found"})
    assert client.post("/rules").json == {"message": "Method Not Allowed"}


def test_a_page_that_fails_says_where_to_look_and_nothing_of_the_error(world: World) -> None:
    def fail() -> str:
        raise RuntimeError("secret detail")

    client = world.client(replace(world.site, app=fail))
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    page = client.get("/", headers={"Accept": "text/html"})

    assert (page.status_code, "Something went wrong" in page.text) == (500, True)
    assert "secret detail" not in page.text


def test_a_repository_s_reviews_are_bounded_and_forgotten_with_it() -> None:
    reviews = Reviews()
    for number in range(30):
        reviews.put(stored(1, head=f"{number:040x}", at=f"{number:03}"))
    reviews.put(stored(2))

    heads = [review.head for review in reviews.history(1, 7)]
    reviews.forget(1)

    assert heads == [f"{number:040x}" for number in range(29, 9, -1)]
    assert (reviews.history(1, 7), len(reviews.history(2, 7))) == ([], 1)
    assert reviews.put(replace(stored(2), document=b"x" * 5_000_000)) is False


def test_everybody_can_read_the_schema_of_the_policy(world: World) -> None:
    alone = world.client().get(SCHEMA_PATH)
    placed = world.client(replace(world.site, address="https://fairlead.example.com")).get(
        SCHEMA_PATH
    )

    assert (alone.status_code, alone.mimetype) == (200, "application/schema+json")
    schema = json.loads(json.dumps(policy_schema(rule_options())))
    assert alone.json == schema
    assert placed.json == {
        **schema,
        "$id": f"https://fairlead.example.com{SCHEMA_PATH}",
    }
