"""The policy: a repository's settings for one target branch, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

import msgspec

from bot.core.finding import Severity
from bot.core.policy.releases import observed_until
from bot.core.values import thaw
from bot.errors import PolicyError
from bot.records import dataclass

T = TypeVar("T")

POLICY_PATH: Final = ".github/fairlead.yml"
"""The path of a repository's policy."""

MISNAMED: Final = ".github/fairlead.yaml"
"""A path that is often used by mistake and that Fairlead does not read."""

ORGANISATION_REPOSITORY: Final = ".github"
"""https://docs.github.com/en/communities/setting-up-your-project-for-healthy-contributions/creating-a-default-community-health-file"""

ORGANISATION_PATH: Final = "fairlead.yml"
"""The path of the organisation's policy in its `.github` repository."""

NonEmptyText: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
Names: TypeAlias = tuple[NonEmptyText, ...]
Team: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^@?[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+$")
]
User: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^@?[A-Za-z0-9][A-Za-z0-9_-]*$")]
ImagePattern: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^(?!.*://)\S+$")]
NAMESPACE: Final = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
"""The pattern of a namespace's name."""

Namespace: TypeAlias = Annotated[str, msgspec.Meta(pattern=NAMESPACE)]


class Threshold(StrEnum):
    """The lowest severity that has an effect, or `never`."""

    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"
    NEVER = "never"

    def reached_by(self, severity: Severity) -> bool:
        """Whether a finding of this severity is bad enough."""
        return self is not Threshold.NEVER and severity.rank >= Severity(self.value).rank


@dataclass(frozen=True, slots=True)
class EnvironmentPolicy:
    """One cluster's worth of paths, by name. `kubernetes` None: the newest minor version known.

    `openshift`: the cluster has OpenShift's built-in roles, also where no resource shows it.
    """

    name: NonEmptyText
    paths: Annotated[Names, msgspec.Meta(min_length=1)]
    kubernetes: Annotated[str, msgspec.Meta(pattern=r"^1\.[0-9]{1,3}$")] | None = None
    default_namespace: Namespace = "default"
    openshift: bool = False


@dataclass(frozen=True, slots=True)
class Images:
    """Which images are approved. With an empty `approved`, those that base already uses are."""

    approved: tuple[ImagePattern, ...] = ()
    require_digest: bool = False
    mirrors: Mapping[str, NonEmptyText] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class RulePolicy:
    """The settings of one rule. `severity` None means the rule's own.

    With `mode: observe` its findings are shown and block nothing, whatever the policy's own mode.
    `options` are YAML values, validated when `Policy.options` converts them to the rule's type.
    """

    severity: Severity | None = None
    off: bool = False
    mode: Literal["enforce", "observe"] | None = None
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class NamespaceOwner:
    """The teams that own the namespaces of these globs."""

    namespaces: Annotated[Names, msgspec.Meta(min_length=1)]
    teams: Annotated[tuple[Team, ...], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """Who may accept findings of the rules that these globs match, and how many must.

    `by_review`: an approving review of the pull request counts as well as the command.
    """

    rules: Annotated[Names, msgspec.Meta(min_length=1)]
    teams: tuple[Team, ...] = ()
    users: tuple[User, ...] = ()
    count: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1
    by_review: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """The teams that are asked to review findings of the rules that these globs match."""

    rules: Annotated[Names, msgspec.Meta(min_length=1)]
    teams: Annotated[tuple[Team, ...], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class Waiver:
    """A written exception: matching findings do not block until the day `expires` ends.

    Every field that is set must match; all but `fingerprint` are globs. `resource` is written
    `Kind/namespace/name`, or `Kind/name` where there is no namespace.
    """

    reason: Annotated[str, msgspec.Meta(pattern=r"\S")]
    expires: date
    rule: NonEmptyText | None = None
    resource: NonEmptyText | None = None
    environments: Names = ()
    namespaces: Names = ()
    paths: Names = ()
    fingerprint: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-z]{12,64}(-[0-9]{1,5})?$")] | None = (
        None
    )


@dataclass(frozen=True, slots=True)
class Override:
    """Who may let a blocked pull request through, and for how many hours that holds."""

    teams: tuple[Team, ...] = ()
    users: tuple[User, ...] = ()
    hours: Annotated[int, msgspec.Meta(ge=1, le=720)] = 24


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who accepts what nobody else is left to accept."""

    teams: tuple[Team, ...] = ()
    users: tuple[User, ...] = ()


@dataclass(frozen=True, slots=True)
class Assume:
    """Properties of clusters that no manifest shows: namespaces that deny traffic by default."""

    default_deny: Names = ()


@dataclass(frozen=True, slots=True)
class KnownRbac:
    """Files with RBAC objects that exist in the cluster whether or not anything applies them."""

    known: Names = ()


@dataclass(frozen=True, slots=True)
class RenderPolicy:
    """Which further directories are built, and which never are.

    Globs of directories with a kustomization or a chart; `exclude` takes precedence over `roots`.
    """

    roots: Names = ()
    exclude: Names = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of one repository for one target branch, with their defaults."""

    version: Literal[1] = 1
    mode: Literal["enforce", "observe"] = "enforce"
    new_rules: Literal["enforce", "observe"] = "observe"
    block: Threshold = Threshold.ERROR
    inline: Threshold = Threshold.WARNING
    incomplete: Literal["allow", "block"] = "block"
    unlisted: Severity = Severity.NOTICE
    roots: Names = ()
    ignore: Names = ()
    environments: tuple[EnvironmentPolicy, ...] = ()
    privileged_namespaces: tuple[Namespace, ...] = ("kube-system", "argocd", "flux-system")
    trusted_sources: Names = ()
    images: Images = field(default_factory=Images)
    rules: Mapping[str, RulePolicy] = field(default_factory=lambda: MappingProxyType({}))
    owners: tuple[NamespaceOwner, ...] = ()
    approvals: tuple[ApprovalPolicy, ...] = ()
    notify: tuple[Notice, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    override: Override = Override()
    escalation: Escalation = Escalation()
    promotes: Names = ()
    assume: Assume = Assume()
    rbac: KnownRbac = KnownRbac()
    render: RenderPolicy = RenderPolicy()

    def rule(self, rule: str) -> RulePolicy:
        """The settings of a rule."""
        return self.rules.get(rule, RulePolicy())

    def observes(self, rule: str, today: date) -> bool:
        """Whether the rule's findings block nothing today."""
        until = self.observes_until(rule)
        return self.rule(rule).mode == "observe" or (until is not None and today <= until)

    def observes_until(self, rule: str) -> date | None:
        """The last day on which the rule observes because it is new.

        None for other rules, and where the policy says how seriously to take it.
        """
        settings = self.rule(rule)
        decided = settings.mode is not None or settings.severity is not None
        return None if decided or self.new_rules == "enforce" else observed_until(rule)

    def options(self, rule: str, options: type[T]) -> T:
        """A rule's options, as an instance of its own type. Raises PolicyError if not valid."""
        written_options = self.rule(rule).options
        plain = {key.replace("-", "_"): thaw(value) for key, value in written_options.items()}
        try:
            return msgspec.convert(plain, options)
        except msgspec.ValidationError as error:
            raise PolicyError(f"the options of rule {rule!r}: {error}") from error
