"""The commits of a job, and the policy that holds for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.catalog import rule_options
from bot.core.policy.model import MISNAMED, POLICY_PATH, Policy
from bot.core.policy.organisation import Organisation, combined
from bot.core.policy.reading import parse_policy
from bot.errors import PolicyError
from bot.git import Repository

LARGEST_POLICY: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Commits:
    """The fetched commits. `trusted` is the default branch's tip, from which the policy comes.

    `target` is the branch that the change is for, which selects settings of the policy. `address`
    is the repository's URL, by which its manifests may refer to itself.
    """

    repository: Repository
    base: str
    head: str
    trusted: str
    target: str
    address: str

    def policy(self, organisation: Organisation | None = None) -> Policy:
        """The policy of the default branch, merged over the organisation's. Raises PolicyError.

        Never the head's, nor that of another target branch.
        """
        data = self.repository.file(self.trusted, POLICY_PATH)
        if data is None:
            self._refuse_misplaced()
            data = b""
        if len(data) > LARGEST_POLICY:
            raise PolicyError(f"the file is larger than {LARGEST_POLICY} bytes")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise PolicyError("the file is not UTF-8 text") from error
        if organisation is not None:
            return combined(organisation, text, rule_options(), self.target)
        return parse_policy(text, rule_options(), self.target)

    def _refuse_misplaced(self) -> None:
        """Raise PolicyError for a policy in the wrong place: the defaults may let more through."""
        if self.repository.holds(self.trusted, POLICY_PATH):
            raise PolicyError("it is not a regular file")
        if self.repository.holds(self.trusted, MISNAMED):
            raise PolicyError(f"{MISNAMED} is not read: rename it to {POLICY_PATH}")
