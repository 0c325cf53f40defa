"""Two commits or directories into a review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.analysis.examine import examine
from bot.catalog import load_rules, rule_options
from bot.core.decide import decide
from bot.core.excerpt import shown_line
from bot.core.policy import Policy, parse_policy
from bot.core.reading import read_manifest
from bot.core.report import POLICY_PATH
from bot.core.review import Review, ReviewFinding
from bot.errors import PolicyError, UsageError

ENDINGS = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A review, the policy that it was decided by, and the trees that it is about."""

    review: Review
    policy: Policy
    base: Mapping[str, bytes]
    head: Mapping[str, bytes]

    def line(self, found: ReviewFinding) -> str | None:
        """The line that a finding stands on, None where it must not or cannot be shown."""
        place = found.location
        if place is None or place.line is None:
            return None
        data = (self.base if place.side == "LEFT" else self.head).get(place.path)
        return None if data is None else shown_line(data, read_manifest(data), place.line)


def compare(
    base: str, head: str, repo: Path, policy_file: Path | None, default_namespace: str | None
) -> Comparison:
    """The review of two directories."""
    del repo, default_namespace
    before, after = _tree(base), _tree(head)
    if not before and not after:
        raise UsageError(f"neither {base!r} nor {head!r} has any manifest")
    policy = read_policy(policy_file, before)
    analysis = examine(before, after, policy, load_rules())
    today = datetime.now(UTC).date()
    return Comparison(
        decide(analysis, policy, base=base, head=head, today=today), policy, before, after
    )


def read_policy(policy_file: Path | None, base: Mapping[str, bytes]) -> Policy:
    """The policy of the file, else of BASE. Raises PolicyError that names the file."""
    where, data = POLICY_PATH, base.get(POLICY_PATH, b"")
    if policy_file is not None:
        where, data = str(policy_file), policy_file.read_bytes()
    try:
        return parse_policy(data.decode("utf-8-sig"), rule_options())
    except UnicodeDecodeError as error:
        raise PolicyError(f"the policy {where} is not UTF-8") from error
    except PolicyError as error:
        raise PolicyError(f"the policy {where} is not valid\n{error}", error.line) from error


def _tree(argument: str) -> Mapping[str, bytes]:
    root = Path(argument)
    if not root.is_dir():
        raise UsageError(f"{argument!r} is neither a commit nor a directory")
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.suffix in ENDINGS and path.is_file() and not path.is_symlink()
    }
