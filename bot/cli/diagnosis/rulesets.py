"""The part of `fairlead doctor` about rulesets: what merges together, and who may go round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from bot.cli.diagnosis.diagnosis import Diagnosis, ok, warning
from bot.github.app.inspection import InstallationReader

_KINDS: Final[Mapping[str, str]] = {
    "DeployKey": "deploy keys",
    "Integration": "App",
    "OrganizationAdmin": "organisation owners",
    "RepositoryRole": "repository role",
    "Team": "team",
    "User": "user",
}


def merging(subject: str, rules: Iterable[Mapping[str, Any]]) -> Diagnosis:
    """Whether pull requests are judged together with what merges at the same time."""
    every = tuple(rules)
    if any(rule["type"] == "merge_queue" for rule in every):
        return ok(subject, "a merge queue reviews together what merges together")
    strict = any(
        rule.get("parameters", {}).get("strict_required_status_checks_policy")
        for rule in every
        if rule["type"] == "required_status_checks"
    )
    if strict:
        return ok(subject, "a branch must be up to date with what merged before it")
    message = "two pull requests can merge that are harmless alone and dangerous together"
    advice = (
        "use a merge queue, or require branches to be up to date; without either, Fairlead reviews "
        "open pull requests again after each merge, which may be too late for one that merges at "
        "once"
    )
    return warning(subject, message, advice)


def bypasses(reader: InstallationReader, name: str, check: str) -> Iterator[Diagnosis]:
    """Every way round the required check that was opened and not closed again."""
    for ruleset in reader.rulesets(name):
        if not _requires(ruleset, check):
            continue
        subject = f"{name} ruleset {ruleset['name']!r}"
        links = ruleset.get("_links", {})
        address = (links.get("html") or links.get("self") or {}).get("href", "its settings")
        if ruleset["enforcement"] != "active":
            state = "switched off" if ruleset["enforcement"] == "disabled" else "only evaluated"
            message = f"it requires {check!r} and is {state}: everything merges without a review"
            yield warning(subject, message, f"activate it again at {address}")
            continue
        actors = ruleset.get("bypass_actors")
        if actors is None:
            # https://docs.github.com/rest/repos/rules: shown to whoever may edit the ruleset.
            message = "active; GitHub does not show this App who may bypass it"
            yield ok(subject, f"{message}: after an outage, look at the bypass list at {address}")
        elif actors:
            message = f"{', '.join(map(_actor, actors))} may merge without {check!r}"
            advice = f"if that was for an outage, remove them from its bypass list at {address}"
            yield warning(subject, message, advice)
        else:
            yield ok(subject, "active, and nobody may bypass it")


def _requires(ruleset: Mapping[str, Any], check: str) -> bool:
    return any(
        required["context"] == check
        for rule in ruleset.get("rules", ())
        if rule["type"] == "required_status_checks"
        for required in rule["parameters"]["required_status_checks"]
    )


def _actor(actor: Mapping[str, Any]) -> str:
    kind = _KINDS.get(actor["actor_type"], actor["actor_type"])
    number = actor.get("actor_id")
    # An owner of the organisation is one whatever the number says.
    which = f" {number}" if number and actor["actor_type"] != "OrganizationAdmin" else ""
    how = {"pull_request": " (on pull requests)", "exempt": " (unrecorded)"}
    return f"{kind}{which}{how.get(actor.get('bypass_mode', ''), '')}"
