"""Reading a policy file: every error at once, each with its line and the legal values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

import msgspec
from jsonschema import Draft202012Validator, ValidationError

from bot.core.finding import Severity
from bot.core.globs import name_matches
from bot.core.policy.document import KeyPath, PolicyDocument, parse_document
from bot.core.policy.layers import BRANCHES, at_branch, place_of, places
from bot.core.policy.model import Policy, RulePolicy
from bot.core.policy.rule_names import with_current_names
from bot.core.policy.rule_types import RuleTypes
from bot.core.policy.schema import policy_schema
from bot.core.values import freeze, mapping
from bot.errors import PolicyError

MOST_FAULTS: Final = 200
"""The most errors that one message lists."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """An error at a line (1-based)."""

    line: int
    message: str


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
    faults = _first(fault for error in errors for fault in _faults(error, document))
    faults = faults or _first(_nonsense(document, options))
    if faults:
        ordered = sorted(set(faults), key=lambda fault: (fault.line, fault.message))
        messages = [f"line {fault.line}: {fault.message}" for fault in ordered]
        if len(faults) == MOST_FAULTS:
            messages.append(f"these are the first {MOST_FAULTS} of what is wrong")
        raise PolicyError("\n".join(messages), ordered[0].line)
    settings: dict[str, Any] = document.value
    return settings


def _first(faults: Iterable[_Fault]) -> list[_Fault]:
    return list(islice(faults, MOST_FAULTS))


def unknown_key(key: str, legal: list[str]) -> str:
    """The message for an unknown key."""
    return f"unknown key {key!r}{_legal(key, legal)}"


def _faults(error: ValidationError, document: PolicyDocument) -> Iterator[_Fault]:
    """The errors that the schema found, as sentences."""
    path: KeyPath = tuple(error.absolute_path)
    if error.validator == "anyOf":
        choice = 1 if isinstance(error.instance, dict) else 0
        for inner in error.context or ():
            if inner.schema_path[0] == choice:
                yield from _faults(inner, document)
        return
    if error.validator == "additionalProperties":
        schema: Any = error.schema
        instance: Any = error.instance
        legal = list(schema.get("properties", ()))
        for key in instance:
            if key not in legal:
                word = "rule" if _of_rules(path) else "key"
                text = f"unknown {word} {key!r}{_within(path)}{_legal(key, legal)}"
                yield _Fault(document.line((*path, key)), text)
        return
    yield _Fault(document.line(path), _sentence(error, path))


def _sentence(error: ValidationError, path: KeyPath) -> str:
    value: Any = error.instance
    limit: Any = error.validator_value
    shown = repr(value) if len(repr(value)) <= 100 else f"{repr(value)[:100]}…"
    legal: dict[str, Callable[[], str]] = {
        "required": lambda: f" lacks {next(key for key in limit if key not in value)!r}",
        "enum": lambda: f" is {shown}{_legal(value, limit)}",
        "type": lambda: f" is {shown}, legal is {_type(limit, value)}",
        "minLength": lambda: " is empty",
        "minItems": lambda: " is empty",
        "maxItems": lambda: f" has {len(value)} entries, legal are {limit} or fewer",
        "minimum": lambda: f" is {shown}, legal is {limit} or more",
        "maximum": lambda: f" is {shown}, legal is {limit} or less",
        "format": lambda: f" is {shown}, legal is a date such as 2027-03-31",
        "pattern": lambda: f" is {shown}, {EXPLAINED.get(limit, f'legal is what matches {limit}')}",
    }
    phrase = legal.get(str(error.validator))
    return as_written(path) + (phrase() if phrase else f" is {shown}: {error.message}")


def _type(limit: str, value: object) -> str:
    quotes = limit == "string" and isinstance(value, bool | int | float)
    return f"{_TYPES.get(limit, limit)}{'; put it in quotes' if quotes else ''}"


_TYPES: Final = {
    "string": "text",
    "array": "a list",
    "object": "a mapping",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
EXPLAINED: Final = {
    r"^1\.[0-9]{1,3}$": 'legal is a minor version such as "1.34"',
    r"^@?[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+$": "legal is a team such as example/security",
    r"^@?[A-Za-z0-9][A-Za-z0-9_-]*$": "legal is a person's login such as octocat",
    r"^(?!.*://)\S+$": "legal is a registry, a part of one or an image: ghcr.io/example",
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$": "legal is the name of a namespace, and no glob",
    r"^[0-9a-z]{12,64}(-[0-9]{1,5})?$": (
        "legal is a whole fingerprint, as the check's summary and the JSON write it"
    ),
    r"\S": "legal is a text that says why",
}
"""The explanation of each pattern in `bot.core.policy.model`."""


def as_written(path: KeyPath) -> str:
    """A key path as people write it: `waivers[0].expires`."""
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out or "the policy"


def _within(path: KeyPath) -> str:
    return f" in {as_written(path)}" if path and path != ("rules",) else ""


def _of_rules(path: KeyPath) -> bool:
    """Whether the keys here are ids of rules."""
    return path == ("rules",) or (path[:1] == (BRANCHES,) and path[2:] == ("rules",))


def _legal(value: object, legal: list[Any]) -> str:
    """The nearest legal value, and all of them where they are few."""
    near = get_close_matches(str(value), [str(name) for name in legal], n=1, cutoff=0.6)
    hint = f", did you mean {near[0]!r}?" if near else ""
    if near and len(legal) > 12:
        return hint
    return f"{hint or ','} legal are {', '.join(repr(name) for name in legal) or 'none'}"


def _nonsense(document: PolicyDocument, options: Mapping[str, type] | None) -> Iterator[_Fault]:
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
            text = f"{as_written(path)} is {glob!r} once more; the first entry decides"
            yield _Fault(document.line(path), text)
        seen.add(glob)


def _nonsense_in(
    document: PolicyDocument, place: KeyPath, settings: Mapping[str, Any]
) -> Iterator[_Fault]:
    for number, waiver in enumerate(settings.get("waivers", ())):
        if not {"rule", "fingerprint"} & waiver.keys():
            path: KeyPath = (*place, "waivers", number)
            text = f"{as_written(path)} names neither a 'rule' nor a 'fingerprint'"
            yield _Fault(document.line(path), text)
    names = Counter(item["name"] for item in settings.get("environments", ()))
    for number, item in enumerate(settings.get("environments", ())):
        if names[item["name"]] > 1:
            path = (*place, "environments", number, "name")
            text = f"{as_written(path)} is {item['name']!r} once more"
            yield _Fault(document.line(path), text)


def _unknown_rules(
    document: PolicyDocument, place: KeyPath, settings: Mapping[str, Any], rules: list[str]
) -> Iterator[_Fault]:
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
            yield _Fault(
                document.line(path), f"{as_written(path)} is {glob!r}, no rule{_legal(glob, rules)}"
            )


def effective_policy(value: Mapping[str, Any], rules: Mapping[str, type] | None) -> Policy:
    """The policy that checked settings make.

    Raises PolicyError where it switches every rule off: the check would pass without judging.
    """
    policy = decode_policy(value)
    if rules and all(policy.rule(rule).off for rule in rules):
        message = "the policy switches every rule off, so nothing is judged: switch one on"
        raise PolicyError(message)
    return policy


def decode_policy(value: Mapping[str, Any]) -> Policy:
    """The policy of settings that `check_document` has checked."""
    rules = {rule: _rule(setting) for rule, setting in value.get("rules", {}).items()}
    rest = {key: setting for key, setting in value.items() if key != "rules"}
    policy = msgspec.convert(_snake(rest), Policy)
    mirrors = MappingProxyType(dict(policy.images.mirrors))
    return replace(
        policy,
        rules=MappingProxyType(rules),
        images=replace(policy.images, mirrors=mirrors),
    )


def _rule(setting: Any) -> RulePolicy:
    """`off`, a severity, or a mapping of severity, mode and options."""
    options = dict(setting) if isinstance(setting, dict) else {"severity": setting}
    severity, mode = options.pop("severity", None), options.pop("mode", "enforce")
    return RulePolicy(
        severity=None if severity in {None, "off"} else Severity(severity),
        off=severity == "off",
        mode=mode,
        options=mapping(freeze(options)),
    )


def _snake(value: Any) -> Any:
    """The settings with Python's spelling of keys; keys of `mirrors` are data and stay."""
    if isinstance(value, list):
        return [_snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key.replace("-", "_"): item if key == "mirrors" else _snake(item)
        for key, item in value.items()
    }
