"""The environment variables that Fairlead reads, with their defaults and meanings."""

from __future__ import annotations

from typing import Final

from bot.git.command import SURROUNDINGS
from bot.records import dataclass

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
TELEMETRY: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_SERVICE_NAME",
)
"""OpenTelemetry's own variables; its library reads more of them."""

LOG_FORMATS: Final = ("auto", "json", "text")


@dataclass(frozen=True, slots=True)
class SettingVariable:
    """One environment variable: its name, its default and its meaning."""

    name: str
    default: str
    meaning: str


VARIABLES: Final = (
    SettingVariable("APP_ID", "", "The App's id, from its page on GitHub."),
    SettingVariable(
        "CLIENT_ID", "", "The App's client id; may stand in for `APP_ID`, needed for sign-in."
    ),
    SettingVariable(
        "CLIENT_SECRET",
        "",
        "A client secret of the App. With it, `CLIENT_ID` and `FAIRLEAD_URL`, people sign in to "
        "see the pages of reviews.",
    ),
    SettingVariable(
        "PRIVATE_KEY",
        "",
        "The App's RSA key: PEM, PEM with `\\n` for line breaks, or base64 of PEM.",
    ),
    SettingVariable("PRIVATE_KEY_BASE64", "", "The key as base64 of PEM; set one of the two."),
    SettingVariable(
        "PRIVATE_KEY_COMMAND",
        "",
        "A command that signs instead of a key: see below.",
    ),
    SettingVariable(
        "WEBHOOK_SECRET",
        "",
        "The webhook's secret. Several, separated by commas, are all valid, for rotation.",
    ),
    SettingVariable(
        "GITHUB_API_URL", "`https://api.github.com`", "The address of GitHub's REST API."
    ),
    SettingVariable(
        "GHE_HOST",
        "",
        "The host of a GitHub Enterprise Server; same as `GITHUB_API_URL=https://HOST/api/v3`.",
    ),
    SettingVariable(
        "FAIRLEAD_URL",
        "",
        "The public address of this service, such as `https://fairlead.example.com`: checks and "
        "comments link to its pages. Without it they link to no page.",
    ),
    SettingVariable("HOST", "`127.0.0.1`", "The address to listen on; the image sets `0.0.0.0`."),
    SettingVariable("PORT", "`3000`", "The port to listen on; the image sets `8080`."),
    SettingVariable(
        "ADMIN_HOST",
        "`127.0.0.1`",
        "The address on which health and metrics are served; the image sets `0.0.0.0`.",
    ),
    SettingVariable(
        "ADMIN_PORT", "`3001`", "The port of health and metrics; the image sets `8081`."
    ),
    SettingVariable(
        "DATA_DIR", "`data`", "Queue, audit log, mirrors and caches; the image sets `/data`."
    ),
    SettingVariable(
        "DATABASE_URL", "", "`postgresql://...`: the database that several replicas share."
    ),
    SettingVariable(
        "LOG_LEVEL", "`info`", f"One of {', '.join(f'`{level}`' for level in LOG_LEVELS)}."
    ),
    SettingVariable(
        "LOG_FORMAT",
        "`auto`",
        "`json`, `text`, or `auto`: text on a terminal and JSON elsewhere.",
    ),
    SettingVariable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        "Where traces are sent by OTLP over HTTP; needs `pip install 'fairlead[otel]'`.",
    ),
    SettingVariable(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", "The whole address of the traces instead."
    ),
    SettingVariable("OTEL_SERVICE_NAME", "`fairlead`", "The name of the service in traces."),
    SettingVariable(
        "FAIRLEAD_TOOLS",
        "",
        "A directory that is searched first for kustomize and Helm; the image sets its own.",
    ),
    SettingVariable("FAIRLEAD_WORKERS", "`2`", "How many reviews run at once, 1 to 64."),
    SettingVariable("FAIRLEAD_JOB_SECONDS", "`300`", "Time limit of a review, 10 to 3600 seconds."),
    SettingVariable(
        "FAIRLEAD_ALLOW_NO_SANDBOX",
        "`false`",
        "`true` reviews pull requests even if the kernel lacks a part of the sandbox.",
    ),
    SettingVariable(
        "FAIRLEAD_FETCH",
        "`true`",
        "`false` disables fetching: remote bases and charts are reported as not reviewed.",
    ),
    SettingVariable(
        "FAIRLEAD_FETCH_HOSTS",
        "",
        "Hosts that may be fetched from besides those that base uses: `host`, `host:port`, "
        "`host/owner` or `http://host:port`, separated by commas.",
    ),
    SettingVariable(
        "FAIRLEAD_FETCH_AUTH",
        "",
        "Accounts for private registries and chart repositories: Docker's `config.json`. "
        "See below.",
    ),
    SettingVariable(
        "FAIRLEAD_FETCH_GIT_AUTH",
        "",
        "Accounts for private Git repositories: lines of `https://USER:PASSWORD@HOST/PATH`.",
    ),
    SettingVariable(
        "FAIRLEAD_FETCH_GRANTS",
        "",
        "Which repositories may use which accounts: `OWNER@HOST`, `OWNER/NAME@HOST/PATH` or "
        "`*@HOST`, separated by commas. Without it, the service uses no account.",
    ),
    *(
        SettingVariable(name, "", "Passed to git for its network access; not read from a file.")
        for name in SURROUNDINGS
    ),
)
"""Every variable, in the order of docs/running.md."""
