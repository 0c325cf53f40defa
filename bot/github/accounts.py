"""Accounts as GitHub's answers and webhooks name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.core.engine.accounts import GitHubAccount


def account_of(user: Mapping[str, Any] | None) -> GitHubAccount:
    """The account in a REST answer; without a login for one that was deleted."""
    user = user or {}
    return GitHubAccount(user.get("login") or "", user.get("id") or 0)
