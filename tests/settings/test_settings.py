"""Settings: every variable, every error names it and says what is legal."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.settings import (
    VARIABLES,
    FetchSettings,
    Settings,
    read_fetch_settings,
    read_settings,
    tool_folders,
)

PEM = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----"


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read_settings({}) == Settings()


class Asked(dict[str, str]):
    """An environment without variables, which notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]  # wider
        self.names.add(key)
        return default


def test_what_is_documented_is_what_is_read() -> None:
    asked = Asked()
    read_settings(asked)
    tool_folders(asked)
    asked.names.remove("XDG_CACHE_HOME")
    read = {name for name in asked.names if not name.endswith(("_FILE", "_PATH"))}
    assert read | {"SSL_CERT_FILE"} == {held.name for held in VARIABLES}


def test_what_is_missing_is_named() -> None:
    assert read_settings({}).missing() == ("APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET")
    given = {"CLIENT_ID": "Iv1.x", "PRIVATE_KEY": PEM, "WEBHOOK_SECRET": "s"}
    assert read_settings(given).missing() == ()


def test_every_variable_is_read() -> None:
    given = {
        "APP_ID": "12",
        "PRIVATE_KEY": PEM,
        "WEBHOOK_SECRET": "new, old,",
        "GHE_HOST": "github.example.com",
        "HOST": "0.0.0.0",  # noqa: S104 - a value, nothing listens
        "PORT": "8080",
        "DATA_DIR": "/var/lib/fairlead",
        "DATABASE_URL": "postgres://u:p@db/f",
        "LOG_LEVEL": "WARNING",
        "LOG_FORMAT": "text",
        "FAIRLEAD_WORKERS": "4",
        "FAIRLEAD_JOB_SECONDS": "60",
        "FAIRLEAD_ALLOW_NO_SANDBOX": "true",
    }
    assert read_settings(given) == Settings(
        app_id="12",
        private_key=PEM,
        webhook_secrets=("new", "old"),
        github_api_url="https://github.example.com/api/v3",
        host="0.0.0.0",  # noqa: S104 - a value, nothing listens
        port=8080,
        data_dir=Path("/var/lib/fairlead"),
        database_url="postgresql://u:p@db/f",
        log_level="warning",
        log_format="text",
        workers=4,
        job_seconds=60,
        allow_no_sandbox=True,
    )


def test_a_key_may_be_base64_or_have_escaped_line_breaks() -> None:
    escaped = PEM.replace("\n", "\\n")
    encoded = base64.b64encode(PEM.encode()).decode()
    for given in (
        {"PRIVATE_KEY": escaped},
        {"PRIVATE_KEY": encoded},
        {"PRIVATE_KEY_BASE64": encoded},
    ):
        assert read_settings(given).private_key == PEM


@pytest.mark.parametrize("suffix", ["_FILE", "_PATH"])
def test_every_variable_may_stand_in_a_file(tmp_path: Path, suffix: str) -> None:
    key, secret = tmp_path / "key.pem", tmp_path / "secret"
    key.write_text(PEM + "\n")
    secret.write_text("hush\n")
    given = {f"PRIVATE_KEY{suffix}": str(key), f"WEBHOOK_SECRET{suffix}": str(secret)}
    settings = read_settings(given)
    assert (settings.private_key, settings.webhook_secrets) == (PEM, ("hush",))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"PORT": "http"}, "PORT is 'http': it must be a number from 0 to 65535"),
        ({"PORT": "65536"}, "PORT is '65536': it must be a number from 0 to 65535"),
        ({"PORT": "9" * 99}, f"PORT is '{'9' * 99}': it must be a number from 0 to 65535"),
        (
            {"LOG_LEVEL": "loud"},
            "LOG_LEVEL is 'loud': it must be one of debug, info, warning, error",
        ),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is 'xml': it must be one of auto, json, text"),
        (
            {"FAIRLEAD_ALLOW_NO_SANDBOX": "perhaps"},
            (
                "FAIRLEAD_ALLOW_NO_SANDBOX is 'perhaps': it must be one of "
                "1, true, yes, on, 0, false, no, off"
            ),
        ),
        (
            {"DATABASE_URL": "mysql://root:hush@db"},
            (
                "DATABASE_URL begins with 'mysql': it must be postgresql://...; unset it to use "
                "the embedded queue in DATA_DIR"
            ),
        ),
        (
            {"GITHUB_API_URL": "http://github.example.com"},
            "GITHUB_API_URL must begin with https:// unless it is on this machine",
        ),
        (
            {"GITHUB_API_URL": "github.example.com"},
            "GITHUB_API_URL must be an address such as https://HOST/api/v3",
        ),
        (
            {"GITHUB_API_URL": "https://a", "GHE_HOST": "b"},
            "GITHUB_API_URL and GHE_HOST are both set: set one of them",
        ),
        (
            {"WEBHOOK_SECRET": "a", "WEBHOOK_SECRET_FILE": "/b"},
            "WEBHOOK_SECRET and WEBHOOK_SECRET_FILE are both set: set one of them",
        ),
        (
            {"PRIVATE_KEY_PATH": "/does/not/exist"},
            "PRIVATE_KEY_PATH names '/does/not/exist', which cannot be read as text",
        ),
        (
            {"PRIVATE_KEY": "hush"},
            "PRIVATE_KEY is not a private key: it must be PEM text or base64 of it",
        ),
    ],
)
def test_an_error_names_the_variable_and_what_is_legal(given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_settings(given)
    assert str(raised.value) == message


def test_no_secret_stands_in_the_repr() -> None:
    given = {
        "PRIVATE_KEY": PEM,
        "WEBHOOK_SECRET": "hush-hush",
        "DATABASE_URL": "postgresql://u:sesame@db/f",
    }
    shown = repr(read_settings(given))
    assert [word for word in ("c2VjcmV0", "hush-hush", "sesame") if word in shown] == []


def test_a_command_may_sign_in_place_of_a_key() -> None:
    given = {
        "APP_ID": "1",
        "WEBHOOK_SECRET": "s",
        "PRIVATE_KEY_COMMAND": "sign --key 'a b'\n  --raw",
    }
    settings = read_settings(given)
    assert (settings.key, settings.missing()) == (("sign", "--key", "a b", "--raw"), ())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"PRIVATE_KEY_COMMAND": "sign", "PRIVATE_KEY": PEM}, "are both set: set one of them"),
        ({"PRIVATE_KEY_COMMAND": "sign 'x"}, "PRIVATE_KEY_COMMAND cannot be split into words"),
        ({"PRIVATE_KEY_COMMAND": "  "}, "PRIVATE_KEY_COMMAND is empty"),
    ],
)
def test_a_command_that_is_none_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_settings(given)


def test_what_is_fetched_is_the_operators_to_say() -> None:
    given = {
        "FAIRLEAD_FETCH_HOSTS": "Charts.example.com, git.corp.example:8443,github.com/acme, "
        "http://registry.corp.example:5000",
        "HTTPS_PROXY": "http://proxy.corp.example:3128",
    }
    hosts = (
        "charts.example.com",
        "git.corp.example:8443",
        "github.com/acme",
        "http://registry.corp.example:5000",
    )
    surroundings = {"HTTPS_PROXY": "http://proxy.corp.example:3128"}
    expected = FetchSettings(enabled=True, hosts=hosts, surroundings=surroundings)
    assert read_fetch_settings(given) == read_settings(given).fetch == expected


@pytest.mark.parametrize(("given", "enabled"), [("", True), ("yes", True), ("off", False)])
def test_fetching_is_on_unless_it_is_switched_off(given: str, *, enabled: bool) -> None:
    assert read_fetch_settings({"FAIRLEAD_FETCH": given}).enabled is enabled


@pytest.mark.parametrize(
    "wrong",
    ["https://a.example", "http://a.example", "user@a.example", "a.example/b/c", "*.a.example",
     "a.example:0", "a.example:99999", "-a.example", "a..example"],
)  # fmt: skip
def test_a_host_that_is_none_is_named(wrong: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_fetch_settings({"FAIRLEAD_FETCH_HOSTS": f"b.example, {wrong}"})
    assert str(raised.value) == (
        f"FAIRLEAD_FETCH_HOSTS names {wrong!r}: each must be host, host:port, host/owner or "
        "http://host:port"
    )
