"""`fairlead doctor`, against the stand-in: each line, and what it advises."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli.diagnosis.diagnosis import Diagnosis, ok, problem, warning
from bot.cli.diagnosis.github import look_at_github, settings_page
from bot.cli.diagnosis.here import look_here
from bot.errors import UsageError
from bot.github.app.inspection import ApiResponse
from bot.github.app.registration import EVENTS, PERMISSIONS
from bot.settings import FetchSettings, Settings
from bot.standin import StandIn
from bot.standin.accounts import App
from bot.standin.state import utc_now
from tests.cli.running import fairlead

NAME = "example/gitops"
RULESET = "example/gitops ruleset 'protected branches'"
WEBHOOK = "http://127.0.0.1:9/webhook"


def settings_of(github: StandIn, app: App) -> Settings:
    return Settings(
        app_id=str(app.id),
        private_key=app.private_key,
        webhook_secrets=(app.webhook_secret,),
        github_api_url=github.api_url,
    )


def lines(github: StandIn, app: App, only: str | None = None) -> list[Diagnosis]:
    return list(look_at_github(settings_of(github, app), only, 20))


def registered(github: StandIn) -> App:
    """An App as the set-up page would register it."""
    app = github.create_app()
    app.permissions, app.events = dict(PERMISSIONS), list(EVENTS)
    app.webhook_url = WEBHOOK
    return app


def fine(github: StandIn) -> App:
    """An App that is installed and required, and to which nothing was delivered yet."""
    app = registered(github)
    app.webhook_url = None
    repository = github.create_repository(NAME, {"a.yaml": b"a: b\n"})
    github.require_check(repository, "fairlead", app=app)
    github.require_resolution(repository)
    repository.ruleset.strict, repository.ruleset.bypass = True, []
    github.install(app, repository)
    app.webhook_url = WEBHOOK
    return app


def problems(found: list[Diagnosis]) -> list[Diagnosis]:
    return [line for line in found if line.status != "ok"]


def test_where_all_is_well_every_line_says_so(stand_in: StandIn) -> None:
    app = fine(stand_in)

    assert lines(stand_in, app) == [
        ok("credentials", f"App {app.slug} (id {app.id}) at {stand_in.api_url}"),
        ok("clock", "within 30 s of GitHub's"),
        ok("permissions", "all that are needed"),
        ok("events", "all that are needed"),
        ok("webhook", "http://127.0.0.1/webhook, signed JSON"),
        warning(
            "deliveries",
            "GitHub has sent no delivery yet",
            "open a pull request, or check the address",
        ),
        ok("installation example", "all that are needed"),
        ok("policy of example", "none: the App found no example/.github/fairlead.yml"),
        ok("example/gitops main", "'fairlead' is required from this App"),
        ok("example/gitops main", "a branch must be up to date with what merged before it"),
        ok("example/gitops main", "open conversations block the merge, including Fairlead's"),
        ok(RULESET, "active, and nobody may bypass it"),
    ]
    assert stand_in.state.tokens == {}


def test_the_deliveries_that_failed_are_told_with_their_cause(stand_in: StandIn) -> None:
    app = fine(stand_in)
    stand_in.set_webhook(app, WEBHOOK)
    stand_in.deliveries.settle()

    (line,) = problems(lines(stand_in, app))

    assert (line.status, line.subject, line.advice) == (
        "problem",
        "deliveries",
        "check that GitHub can reach the webhook address, and the log of the service",
    )
    assert line.message.startswith("1 of the last 1 failed, the newest a ping at ")


@pytest.mark.parametrize(
    ("setting", "value", "said", "advice"),
    [
        ("webhook_url", None, "the App has no webhook address and receives no events", None),
        (
            "webhook_url",
            "http://someone:word@hooks.example.com:8080/webhook?token=x",
            "http://hooks.example.com/webhook: deliveries are not encrypted in transit",
            "use an https:// address",
        ),
        (
            "webhook_content_type",
            "form",
            "http://127.0.0.1/webhook: deliveries are sent as a form and refused",
            "choose application/json",
        ),
        (
            "webhook_secret",
            "",
            "http://127.0.0.1/webhook: deliveries are not signed and are refused",
            "set the value of WEBHOOK_SECRET",
        ),
        (
            "webhook_insecure_ssl",
            "1",
            "http://127.0.0.1/webhook: GitHub does not verify the certificate",
            "enable SSL verification",
        ),
    ],
)
def test_a_webhook_that_does_not_hold_is_told(
    stand_in: StandIn, setting: str, value: str | None, said: str, advice: str | None
) -> None:
    app = fine(stand_in)
    setattr(app, setting, value)
    page = f"{stand_in.url}/organizations/example/settings/apps/{app.slug}"

    (found,) = [line for line in lines(stand_in, app) if line.subject == "webhook"]

    assert found == problem("webhook", said, f"{advice or 'set https://ADDRESS/webhook'} at {page}")


@pytest.mark.parametrize(
    ("owner", "place"),
    [
        ({"login": "octocat", "type": "User"}, "settings"),
        ({"login": "example", "type": "Organization"}, "organizations/example/settings"),
        ({"slug": "big", "name": "Big"}, "enterprises/big/settings"),
    ],
)
def test_the_page_on_which_an_app_is_changed_is_its_owner_s(
    owner: dict[str, str], place: str
) -> None:
    app = {"slug": "fairlead", "html_url": "https://github.com/apps/fairlead", "owner": owner}

    assert settings_page(app) == f"https://github.com/{place}/apps/fairlead"


def test_missing_permissions_and_events_are_named(stand_in: StandIn) -> None:
    app = fine(stand_in)
    page = f"{stand_in.url}/organizations/example/settings/apps/{app.slug}"
    app.permissions = {**PERMISSIONS, "checks": "read"}
    app.events = [name for name in EVENTS if name != "push"]
    (installation,) = stand_in.state.installations.values()
    installation.permissions = {
        name: level for name, level in PERMISSIONS.items() if name != "members"
    }

    found = {line.subject: line for line in problems(lines(stand_in, app))}

    assert found["permissions"] == problem(
        "permissions", "missing: checks (write)", f"add them at {page}/permissions"
    )
    assert found["events"] == warning(
        "events", "not subscribed: push", f"subscribe at {page}/permissions"
    )
    assert (found["installation example"].status, found["installation example"].message) == (
        "warning",
        "missing: members (read)",
    )


@pytest.mark.parametrize(
    ("require", "status", "said"),
    [
        (
            lambda github, repository: github.require_check(repository, "build"),
            "warning",
            "no ruleset requires 'fairlead' (classic branch protection cannot be seen)",
        ),
        (
            lambda github, repository: github.require_check(repository, "fairlead"),
            "warning",
            (
                "'fairlead' is required from any source: anyone who may write statuses can "
                "make it pass"
            ),
        ),
        (
            lambda github, repository: github.require_check(
                repository, "fairlead", app=github.create_app("Other")
            ),
            "problem",
            "'fairlead' is required from App {other}, not from this one ({own})",
        ),
    ],
)
def test_a_check_that_does_not_hold_is_told(
    stand_in: StandIn, require: Callable[[StandIn, object], None], status: str, said: str
) -> None:
    app = registered(stand_in)
    repository = stand_in.create_repository(NAME, {"a.yaml": b"a: b\n"})
    stand_in.install(app, repository)
    require(stand_in, repository)

    (line,) = [line for line in lines(stand_in, app) if line.subject == f"{NAME} main"]

    other = next((one.id for one in stand_in.state.apps.values() if one is not app), 0)
    assert (line.status, line.message) == (status, said.format(other=other, own=app.id))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "version: 1\nlocked: [mode, rules.rbac-invalid]\n",
            ok(
                "policy of example",
                "every repository builds on example/.github/fairlead.yml, which locks mode, "
                "rules.rbac-invalid",
            ),
        ),
        ("", ok("policy of example", "every repository builds on example/.github/fairlead.yml")),
        (
            "version: 1\nlocked: [mood]\n",
            problem(
                "policy of example",
                "example/.github/fairlead.yml is invalid, so every check ends as action_required: "
                "line 2: unknown key 'mood', did you mean 'mode'?",
                "correct it on its default branch",
            ),
        ),
    ],
)
def test_the_organisation_s_policy_is_told(
    stand_in: StandIn, text: str, expected: Diagnosis
) -> None:
    app = fine(stand_in)
    home = stand_in.create_repository("example/.github", {"fairlead.yml": text.encode()})
    (installation,) = stand_in.state.installations.values()
    stand_in.administration.add(installation, home)

    (found,) = [line for line in lines(stand_in, app) if line.subject == "policy of example"]

    assert found == expected
    assert stand_in.state.tokens == {}


def of_ruleset(github: StandIn, **settings: object) -> tuple[list[Diagnosis], str]:
    """What is said of the only repository where its ruleset is set so, and the ruleset's page."""
    app = fine(github)
    repository = github.state.repository("example", "gitops")
    assert repository is not None
    for name, value in settings.items():
        setattr(repository.ruleset, name, value)
    url = f"{github.url}/example/gitops/rules/{repository.id}"
    return [line for line in lines(github, app) if line.subject.startswith(NAME)], url


def test_what_merges_together_should_be_judged_together(stand_in: StandIn) -> None:
    found, _ = of_ruleset(stand_in, strict=False)

    assert found[1] == warning(
        "example/gitops main",
        "two pull requests can merge that are harmless alone and dangerous together",
        "use a merge queue, or require branches to be up to date; without either, Fairlead reviews "
        "open pull requests again after each merge, which may be too late for one that merges at "
        "once",
    )


def test_a_merge_queue_is_as_good(stand_in: StandIn) -> None:
    found, _ = of_ruleset(stand_in, strict=False, merge_queue=True)

    assert found[1] == ok(
        "example/gitops main", "a merge queue reviews together what merges together"
    )


@pytest.mark.parametrize(
    ("settings", "message", "advice"),
    [
        (
            {"enforcement": "disabled"},
            "it requires 'fairlead' and is switched off: everything merges without a review",
            "activate it again at {}",
        ),
        (
            {"enforcement": "evaluate"},
            "it requires 'fairlead' and is only evaluated: everything merges without a review",
            "activate it again at {}",
        ),
        (
            {
                "bypass": [
                    {"actor_id": 1, "actor_type": "OrganizationAdmin", "bypass_mode": "always"},
                    {"actor_id": 7, "actor_type": "Team", "bypass_mode": "pull_request"},
                ]
            },
            "organisation owners, team 7 (on pull requests) may merge without 'fairlead'",
            "if that was for an outage, remove them from its bypass list at {}",
        ),
    ],
)
def test_a_way_round_the_check_is_told_until_it_is_closed(
    stand_in: StandIn, settings: dict[str, object], message: str, advice: str
) -> None:
    found, url = of_ruleset(stand_in, **settings)

    assert found[-1] == warning(RULESET, message, advice.format(url))


def test_where_the_bypass_list_is_hidden_that_is_said(stand_in: StandIn) -> None:
    found, url = of_ruleset(stand_in, bypass=None)

    hidden = "active; GitHub does not show this App who may bypass it"
    advice = f"after an outage, look at the bypass list at {url}"
    assert found[-1] == ok(RULESET, f"{hidden}: {advice}")


def test_every_protected_branch_is_looked_at(stand_in: StandIn) -> None:
    app = fine(stand_in)
    repository = stand_in.state.repository("example", "gitops")
    assert repository is not None
    for branch in ("release", "open"):
        stand_in.commit(repository, branch, {"b.yaml": b"a: b\n"})
    stand_in.require_check(repository, "build", branch="release")

    found = [line.subject for line in lines(stand_in, app) if line.subject.startswith(NAME)]

    assert found == [*[f"{NAME} main"] * 3, f"{NAME} release", RULESET]


def test_a_repository_can_be_named(stand_in: StandIn) -> None:
    app = fine(stand_in)

    found = [line.subject for line in lines(stand_in, app, "Example/GitOps")]
    missing = lines(stand_in, app, "example/other")[-1]

    assert f"{NAME} main" in found
    assert missing == problem(
        "example/other", "the App is not installed on it", "install it there, or correct the name"
    )


def test_nowhere_installed_and_suspended_are_told(stand_in: StandIn) -> None:
    app = registered(stand_in)
    assert lines(stand_in, app)[-1].message == "the App is not installed anywhere"

    repository = stand_in.create_repository(NAME, {"a.yaml": b"a: b\n"})
    installation = stand_in.install(app, repository)
    stand_in.suspend(installation)

    assert lines(stand_in, app)[-1].message == "it is suspended"


def test_a_key_of_another_app_is_told_in_github_s_words(stand_in: StandIn) -> None:
    app, other = fine(stand_in), stand_in.create_app("Other")
    settings = Settings(str(app.id), other.private_key, ("s",), stand_in.api_url)

    (line,) = look_at_github(settings, None, 20)

    assert (line.status, line.message) == (
        "problem",
        "GitHub answered 401: A JSON web token could not be decoded",
    )


def test_a_key_that_is_none_is_refused() -> None:
    settings = Settings("1", "-----BEGIN PRIVATE KEY-----", ("s",))

    with pytest.raises(UsageError, match="PRIVATE_KEY cannot sign"):
        list(look_at_github(settings, None, 20))


def test_the_clocks_are_compared() -> None:
    now = utc_now().replace(microsecond=0)
    header = now.strftime("%a, %d %b %Y %H:%M:%S GMT")

    assert ApiResponse({}, {"date": header}).skew(now) == 0
    assert ApiResponse({}, {}).skew(now) is None


def test_a_data_directory_that_cannot_be_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    found = {line.subject: line for line in look_here(Settings(data_dir=file / "data"))}

    assert found["data"] == problem(
        "data",
        f"{file / 'data'} cannot be written to",
        "set DATA_DIR, or make the directory writable for this user",
    )
    assert found["git"].status == "ok"


def test_what_is_fetched_and_from_where_is_told(tmp_path: Path) -> None:
    kept = tmp_path / "fetched" / "1" / "entries" / "x"
    kept.mkdir(parents=True)
    (kept / "pack").write_bytes(bytes(3 * 1024 * 1024))

    def told(fetch: FetchSettings) -> Diagnosis:
        settings = Settings(data_dir=tmp_path, fetch=fetch, allow_no_sandbox=True)
        return next(line for line in look_here(settings) if line.subject == "fetching")

    on, off = FetchSettings(hosts=("charts.example.com",)), FetchSettings(enabled=False)
    assert [told(on), told(off)] == [
        ok("fetching", "from hosts that the base branch uses, charts.example.com; 3 MiB stored"),
        ok("fetching", "off: remote bases and charts are not read"),
    ]


def test_what_must_be_backed_up_and_what_is_foreign_is_told(tmp_path: Path) -> None:
    for name in ("audit.sqlite", "notes.txt"):
        (tmp_path / name).write_bytes(b"")

    lines = [
        (line.status, line.message)
        for line in look_here(Settings(data_dir=tmp_path))
        if line.subject == "back-up"
    ]

    assert lines == [
        ("ok", f"needed of audit.sqlite in {tmp_path}"),
        ("warning", f"{tmp_path} has entries that are not Fairlead's: notes.txt"),
    ]


def test_the_command_says_it_to_people_and_machines(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = registered(stand_in)
    given = {
        "APP_ID": str(app.id),
        "PRIVATE_KEY": app.private_key,
        "WEBHOOK_SECRET": app.webhook_secret,
        "GITHUB_API_URL": stand_in.api_url,
        "DATA_DIR": str(tmp_path),
        "FAIRLEAD_ALLOW_NO_SANDBOX": "true",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    text, machine = fairlead("doctor"), fairlead("doctor", "--format", "json")

    assert (text.status, machine.status) == (0, 0)
    assert "ok       permissions: all that are needed\n" in text.stdout
    assert (
        "warning  installations: the App is not installed anywhere\n           -> install it"
        in (text.stdout)
    )
    document = json.loads(machine.stdout)
    assert document["schema"] == "fairlead.doctor/2"
    assert {
        "status": "ok",
        "subject": "events",
        "message": "all that are needed",
        "advice": "",
    } in document["lines"]


def test_without_credentials_it_is_a_problem_unless_offline(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FAIRLEAD_ALLOW_NO_SANDBOX", "true")

    asked, offline = fairlead("doctor"), fairlead("doctor", "--offline")

    assert (asked.status, offline.status) == (1, 0)
    assert "PROBLEM  credentials: APP_ID, PRIVATE_KEY, WEBHOOK_SECRET are not set" in asked.stdout
