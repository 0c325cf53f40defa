"""Reads the policy files that a command names, and names the file in every error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from bot.catalog import rule_options
from bot.core.policy.document import parse_document
from bot.core.policy.model import POLICY_PATH, Policy
from bot.core.policy.organisation import (
    NO_ORGANISATION,
    Organisation,
    combined,
    each_branch,
    parse_organisation,
)
from bot.errors import PolicyError
from bot.kubernetes.policy_warnings import PolicyWarning, policy_warnings


def read_policy(
    file: Path | None,
    base_text: bytes | None,
    branch: str | None = None,
    organisation: Path | None = None,
) -> Policy:
    """The policy of `file`, else of BASE, for a target branch.

    `organisation` is the organisation's policy file. Raises PolicyError that names the file.
    """
    where, data = (
        (POLICY_PATH, base_text or b"") if file is None else (str(file), file.read_bytes())
    )
    under = read_organisation(organisation)
    with naming(where):
        return combined(under, data.decode("utf-8-sig"), rule_options(), branch)


def policies_of(file: Path | None, organisation: Path | None) -> Mapping[str | None, Policy]:
    """The policy for each branch pattern of the files. Raises PolicyError that names the file."""
    under = read_organisation(organisation)
    with naming(str(file)):
        text = "" if file is None else file.read_bytes().decode("utf-8-sig")
        return each_branch(under, text, rule_options())


def read_organisation(file: Path | None) -> Organisation:
    """The organisation's policy in `file`. Raises PolicyError that names the file."""
    if file is None:
        return NO_ORGANISATION
    with naming(str(file)):
        return parse_organisation(file.read_bytes().decode("utf-8-sig"), rule_options())


def warnings_of(file: Path, today: date) -> Sequence[PolicyWarning]:
    """The surprising values of a valid policy file, by line."""
    document = parse_document(file.read_bytes().decode("utf-8-sig"))
    return sorted(policy_warnings(document, today), key=lambda warning: warning.line)


@contextmanager
def naming(where: str) -> Iterator[None]:
    """Add the file's name to every policy error."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise PolicyError(f"the policy {where} is not UTF-8 text") from error
    except PolicyError as error:
        raise PolicyError(f"the policy {where} is not valid\n{error}", error.line) from error
