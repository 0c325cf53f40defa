"""The organisation's policy, over which a repository's is merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from bot.core.policy.document import KeyPath, PolicyDocument, parse_document
from bot.core.policy.faults import as_written, unknown_key
from bot.core.policy.layers import BRANCHES, Held, at_branch, branches_named, laid, place_of
from bot.core.policy.locks import loosened
from bot.core.policy.model import ORGANISATION_PATH, Policy
from bot.core.policy.reading import check_document, effective_policy
from bot.core.policy.rule_names import with_current_names
from bot.core.policy.schema import Schema, policy_schema, written
from bot.errors import PolicyError
from bot.records import dataclass

_LISTED_LAST: Final = ("approvals",)
"""The first entry for a rule decides, so none may come before a locked one."""

_SPACES: Final = "privileged-namespaces"
_KEYS: Final = frozenset({*map(written, Policy.__dataclass_fields__), BRANCHES}) - {"version"}


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation's settings. `locked` are keys such as `block` or `rules.ID`."""

    settings: Mapping[str, Any]
    locked: tuple[str, ...]


NO_ORGANISATION: Final = Organisation(MappingProxyType({}), ())
"""The policy under a repository's where the organisation has none."""


def organisation_schema(options: Mapping[str, type] | None = None) -> Schema:
    """The schema of the organisation's file: a policy's, with `locked`."""
    schema = policy_schema(options)
    locked = {
        "description": "Keys that a repository cannot loosen.",
        "type": "array",
        "items": {"enum": _lockable(options)},
        "default": [],
    }
    title = f"The policy of Fairlead for an organisation: .github/{ORGANISATION_PATH}"
    return {**schema, "title": title, "properties": {**schema["properties"], "locked": locked}}


def parse_organisation(text: str, options: Mapping[str, type] | None = None) -> Organisation:
    """The organisation's policy. Raises PolicyError with every error in the file."""
    document = with_current_names(parse_document(text), options)
    locked = document.value.pop("locked", []) if isinstance(document.value, dict) else []
    _check_locked(locked, document, options)
    settings = check_document(document, options)
    if _SPACES in locked:
        # A list of the repository's stands beside this one, and would stand for the default.
        settings = {_SPACES: list(Policy().privileged_namespaces), **settings}
    return Organisation(MappingProxyType(settings), tuple(locked))


def combined(
    organisation: Organisation,
    text: str,
    options: Mapping[str, type] | None = None,
    branch: str | None = None,
) -> Policy:
    """The repository's policy for a target branch, merged over the organisation's for that branch.

    Raises PolicyError for an invalid policy, and for each locked key that the text loosens, for
    this branch or any other.
    """
    upper = _checked(organisation, text, options, branch)
    return effective_policy(_at(organisation, upper, branch), options)


def each_branch(
    organisation: Organisation, text: str, options: Mapping[str, type] | None = None
) -> Mapping[str | None, Policy]:
    """The policy for each glob of branches that the files name, and under None for other branches.

    Raises PolicyError as `combined` does.
    """
    upper = _checked(organisation, text, options, None)
    names = (None, *branches_named(organisation.settings, upper))
    return {name: effective_policy(_at(organisation, upper, name), options) for name in names}


def _checked(
    organisation: Organisation,
    text: str,
    options: Mapping[str, type] | None,
    branch: str | None,
) -> Mapping[str, Any]:
    document = parse_document(text)
    upper = check_document(document, options)
    faults = dict.fromkeys(_loosened(organisation, upper, document, branch))
    if faults:
        ordered = sorted(faults)
        message = "\n".join(f"line {line}: {message}" for line, message in ordered)
        raise PolicyError(message, ordered[0][0])
    return upper


def _at(organisation: Organisation, upper: Mapping[str, Any], branch: str | None) -> Held:
    """The settings for a branch: the repository's upon the organisation's."""
    under = at_branch(organisation.settings, place_of(organisation.settings, branch))
    last = tuple(key for key in _LISTED_LAST if key in organisation.locked)
    return laid(under, at_branch(upper, place_of(upper, branch)), last=last)


def _loosened(
    organisation: Organisation,
    upper: Mapping[str, Any],
    document: PolicyDocument,
    branch: str | None,
) -> Iterator[tuple[int, str]]:
    """Each locked key that is loosened, for this branch or one that the files name, by line."""
    under = organisation.settings
    theirs = under.get(BRANCHES)
    if BRANCHES in organisation.locked and upper.get(BRANCHES, theirs) != theirs:
        yield document.line((BRANCHES,)), _locked_message((BRANCHES,), "remove the key")
    others = branches_named(under, upper) if organisation.locked else ()
    names = (None, branch, *others)
    for below, above in dict.fromkeys(
        (place_of(under, name), place_of(upper, name)) for name in names
    ):
        over = at_branch(upper, above)
        for path, legal in loosened(organisation.locked, at_branch(under, below), over):
            inside: KeyPath = () if above is None else (BRANCHES, above, *path)
            place = inside if inside in document.lines else path
            yield document.line(place), _locked_message(place, legal)


def _locked_message(place: KeyPath, legal: str) -> str:
    return f"{as_written(place)} is locked by the organisation's policy: {legal}"


def _lockable(options: Mapping[str, type] | None) -> list[str]:
    return sorted(_KEYS | {f"rules.{rule}" for rule in options or ()})


def _check_locked(
    locked: object, document: PolicyDocument, options: Mapping[str, type] | None
) -> None:
    if not isinstance(locked, list) or not all(isinstance(key, str) for key in locked):
        raise PolicyError(f"line {document.line(('locked',))}: locked must be a list of keys")
    lockable = _lockable(options)
    for place, key in enumerate(locked):
        open_rule = options is None and key.startswith("rules.")
        if key not in lockable and not open_rule:
            line = document.line(("locked", place))
            raise PolicyError(f"line {line}: {unknown_key(key, lockable)}", line)
