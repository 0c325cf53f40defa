# ruff: noqa: INP001 - a script beside the data that it makes
"""Cuts the published examples of webhooks down to the events that Fairlead hears of.

    npm pack @octokit/webhooks-examples@7.6.1    # and unpack it
    python tests/data/github/examples.py package/api.github.com/index.json

Kept is every example of these events, without the addresses, which nobody reads.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

EVENTS = [
    "check_run",
    "check_suite",
    "installation",
    "installation_repositories",
    "issue_comment",
    "merge_group",
    "ping",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "push",
    "repository",
]
MOST = 8  # of one action: further ones differ in who and what, not in shape


def slim(value: Any) -> Any:
    """The value without addresses."""
    if isinstance(value, list):
        return [slim(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: slim(each)
        for key, each in value.items()
        if key not in {"url", "_links"} and not key.endswith("_url")
    }


def main(path: str) -> None:
    """Writes `examples.json.gz` beside this script."""
    kept: dict[str, list[Any]] = {}
    for event in json.loads(Path(path).read_text(encoding="utf-8")):
        if event["name"] not in EVENTS:
            continue
        seen: dict[str | None, int] = {}
        for example in event["examples"]:
            action = example.get("action")
            seen[action] = seen.get(action, 0) + 1
            if seen[action] <= MOST:
                kept.setdefault(event["name"], []).append(slim(example))
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    target = Path(__file__).parent / "examples.json.gz"
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
