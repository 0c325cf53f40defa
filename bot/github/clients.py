"""PyGithub's clients for commands that somebody waits for: no retries and no pauses."""

from __future__ import annotations

from typing import Any

from github import Auth, Github, GithubIntegration

from bot.github.connection import API_VERSION, SECONDS


def app_client(auth: Auth.AppAuth, api_url: str) -> GithubIntegration:
    """A client for the App itself."""
    return GithubIntegration(auth=auth, **_manner(api_url))


def client(api_url: str, token: str | None = None) -> Github:
    """A client with this token, or without authentication."""
    return Github(auth=None if token is None else Auth.Token(token), **_manner(api_url))


def _manner(api_url: str) -> dict[str, Any]:
    return {
        "base_url": api_url,
        "lazy": True,
        "retry": None,
        "timeout": SECONDS,
        "api_version": API_VERSION,
        "seconds_between_requests": 0,
        "seconds_between_writes": 0,
    }
