"""Reading a policy file: every error at once, each with its line and the legal values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from jsonschema import Draft202012Validator

from bot.core.globs import name_matches
from bot.core.policy.decoding import decode_policy
from bot.core.policy.document import KeyPath, PolicyDocument, parse_document
from bot.core.policy.faults import PolicyFault, as_written, faults_of, legal_hint
from bot.core.policy.layers import BRANCHES, at_branch, place_of, places
from bot.core.policy.model import Policy
from bot.core.policy.rule_names import with_current_names
from bot.core.policy.rule_types import RuleTypes
from bot.core.policy.schema import policy_schema
from bot.errors import PolicyError

MOST_FAULTS: Final = 200
"""The most errors that one message lists."""


def parse_policy(
    text: str, options: Mapping[str, type] | None = None, branch: str | None = None
) -> Policy:
    """The policy that a file's text sets for a target branch; without a branch, for every branch.

    `options` maps each rule's id to its options type, as `bot.catalog.rule_options` returns it;
    without it, the ids and options of rules are not checked.

    Raises PolicyError with every error in the file, each with its line and the legal values, also
    for sections that concern other branches.
    """
    if not text.strip():
        return Policy()
    document = check_document(parse_document(text), options)
    return effective_policy(at_branch(document, place_of(document, branch)), options)


def check_document(document: PolicyDocument, options: Mapping[str, type] | None) -> dict[str, Any]:
    """The settings of a policy's document. Raises PolicyError with every error in it."""
    if document.value is None:
        return {}
    document = with_current_names(document, options)
    schema = policy_schema(options)
    errors = Draft202012Validator(
        schema, format_checker=Draft202012Validator.FORMAT_CHECKER
    ).iter_errors(document.value)
    faults = _first(fault for error in errors for fault in faults_of(error, document))
    faults = faults or _first(_nonsense(document, options))
    if faults:
        ordered = sorted(set(faults), key=lambda fault: (fault.line, fault.message))
        messages = [f"line {fault.line}: {fault.message}" for fault in ordered]
        if len(faults) == MOST_FAULTS:
            messages.append(f"only the first {MOST_FAULTS} errors are listed")
        raise PolicyError("\n".join(messages), ordered[0].line)
    settings: dict[str, Any] = document.value
    return settings


def _first(faults: Iterable[PolicyFault]) -> list[PolicyFault]:
    return list(islice(faults, MOST_FAULTS))


def _nonsense(
    document: PolicyDocument, options: Mapping[str, type] | None
) -> Iterator[PolicyFault]:
    """Settings in the right form that cannot be intended."""
    for place, settings in places(document.value):
        yield from _nonsense_in(document, place, settings)
        if options is not None:
            former = options.aliases if isinstance(options, RuleTypes) else ()
            yield from _unknown_rules(document, place, settings, [*options, *former])
    entries = enumerate(document.value.get(BRANCHES, ()))
    globs = [
        (at, index, glob) for at, entry in entries for index, glob in enumerate(entry["names"])
    ]
    seen: set[str] = set()
    for at, index, glob in globs:
        if glob in seen:
            path = (BRANCHES, at, "names", index)
            text = f"{as_written(path)} repeats {glob!r}; only the first entry takes effect"
            yield PolicyFault(document.line(path), text)
        seen.add(glob)


def _nonsense_in(
    document: PolicyDocument, place: KeyPath, settings: Mapping[str, Any]
) -> Iterator[PolicyFault]:
    for number, waiver in enumerate(settings.get("waivers", ())):
        if not {"rule", "fingerprint"} & waiver.keys():
            path: KeyPath = (*place, "waivers", number)
            text = f"{as_written(path)} names neither a 'rule' nor a 'fingerprint'"
            yield PolicyFault(document.line(path), text)
    names = Counter(item["name"] for item in settings.get("environments", ()))
    for number, item in enumerate(settings.get("environments", ())):
        if names[item["name"]] > 1:
            path = (*place, "environments", number, "name")
            text = f"{as_written(path)} repeats the name {item['name']!r}"
            yield PolicyFault(document.line(path), text)


def _unknown_rules(
    document: PolicyDocument, place: KeyPath, settings: Mapping[str, Any], rules: list[str]
) -> Iterator[PolicyFault]:
    """Globs that match no rule: a waiver with a misspelt rule waives nothing."""
    globs: list[tuple[KeyPath, str]] = [
        ((*place, section, number, "rules", index), glob)
        for section in ("approvals", "notify")
        for number, item in enumerate(settings.get(section, ()))
        for index, glob in enumerate(item["rules"])
    ]
    globs += [
        ((*place, "waivers", number, "rule"), item["rule"])
        for number, item in enumerate(settings.get("waivers", ()))
        if "rule" in item
    ]
    for path, glob in globs:
        if not any(name_matches(rule, (glob,)) for rule in rules):
            yield PolicyFault(
                document.line(path),
                f"{as_written(path)} is {glob!r}, which matches no rule{legal_hint(glob, rules)}",
            )


def effective_policy(value: Mapping[str, Any], rules: Mapping[str, type] | None) -> Policy:
    """The policy that checked settings make.

    Raises PolicyError where it switches every rule off: the check would pass without judging.
    """
    policy = decode_policy(value)
    if rules and all(policy.rule(rule).off for rule in rules):
        message = (
            "the policy turns every rule off, so nothing would be reviewed: turn at least one on"
        )
        raise PolicyError(message)
    return policy
