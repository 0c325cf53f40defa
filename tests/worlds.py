"""Small worlds for tests: YAML text into a state."""

from __future__ import annotations

from bot.core.policy import Policy
from bot.core.reading import read_manifest
from bot.core.state import State
from bot.core.states import build_state


def world(*texts: str, policy: Policy | None = None) -> State:
    """The state of one environment that holds these manifests."""
    manifests = {
        f"{number}.yaml": (f"{number:040x}", read_manifest(text.encode()))
        for number, text in enumerate(texts)
    }
    return build_state(manifests, policy or Policy())
