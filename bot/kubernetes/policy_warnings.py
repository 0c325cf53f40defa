"""What a valid policy says that its author hardly meant: entries without effect or limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from bot.core.globs import path_matches
from bot.core.policy.document import KeyPath, PolicyDocument
from bot.core.policy.layers import places
from bot.kubernetes.images.reference import ApprovedEntry, parse_entry
from bot.records import dataclass

_SHARED_REGISTRIES: Final = frozenset(
    {"docker.io", "gcr.io", "ghcr.io", "public.ecr.aws", "quay.io", "registry.gitlab.com"}
)
"""Registries in which anybody may open an account and publish images."""

# No repository has both, so that a list of globs that takes both in takes everything in.
_UNLIKELY_PATHS: Final = ("fairlead-probe.yaml", "fairlead-probe/a/b/c.yaml")
_LONG_WAIVER: Final = timedelta(days=366)
_SELECTING: Final = ("rule", "resource", "fingerprint", "namespaces", "paths")


@dataclass(frozen=True, slots=True)
class PolicyWarning:
    """A surprising value of a policy: its line (1-based), and what it does and what to write."""

    line: int
    message: str


def policy_warnings(document: PolicyDocument, today: date) -> Iterator[PolicyWarning]:
    """The surprising values of a valid policy, also of the sections for single branches."""
    for place, settings in places(document.value or {}):
        for path, message in _in_settings(settings, today):
            yield PolicyWarning(document.line((*place, *path)), message)


def _in_settings(settings: Mapping[str, Any], today: date) -> Iterator[tuple[KeyPath, str]]:
    for index, entry in enumerate((settings.get("images") or {}).get("approved", ())):
        for message in _of_entry(entry):
            yield ("images", "approved", index), message
    if all(path_matches(path, settings.get("ignore", ())) for path in _UNLIKELY_PATHS):
        yield ("ignore",), "ignore matches every file, so nothing is reviewed"
    if settings.get("block") == "never":
        yield (
            ("block",),
            "with block: never no finding blocks a merge; mode: observe also says what would have",
        )
    for index, waiver in enumerate(settings.get("waivers", ())):
        for message in _of_waiver(waiver, today):
            yield ("waivers", index), message


def _of_entry(text: str) -> Iterator[str]:
    entry = parse_entry(text)
    if entry is None:
        yield f"{text!r} approves nothing: {_correction(text)}"
    elif entry.tag and not entry.digest:
        whole = ApprovedEntry(entry.domain, entry.path)
        yield (
            f"{text!r} approves only this tag, not the next version: "
            f"write '{whole}' for every version"
        )
    elif not entry.path and entry.domain in _SHARED_REGISTRIES:
        yield (
            f"{text!r} approves everything that anybody publishes there: "
            f"name your organisation, such as {entry.domain + '/example'!r}"
        )


def _correction(text: str) -> str:
    lowered = text.lower()
    if lowered != text and parse_entry(lowered) is not None:
        return f"the path of an image is lower case, write {lowered!r}"
    if "*" in text:
        return (
            "an entry is not a glob: name a registry or a part of one, such as 'ghcr.io/example', "
            "which includes everything below it"
        )
    return "it is not a registry, a part of one, or an image, such as 'ghcr.io/example'"


def _of_waiver(waiver: Mapping[str, Any], today: date) -> Iterator[str]:
    if not any(waiver.get(key) for key in _SELECTING):
        yield "this waiver matches every finding: name a rule or a resource"
    expires = date.fromisoformat(waiver["expires"])
    if expires - today > _LONG_WAIVER:
        yield f"this waiver lasts until {expires}, longer than a year"
