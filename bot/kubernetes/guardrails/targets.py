"""The kinds and resource types that policies name as what they act on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import GroupKind, Node
from bot.kubernetes.limiting import limits_others
from bot.patterns import pattern
from bot.records import dataclass

# The kinds that limit others, where a policy names them without their group.
_LIMITING: Final = pattern(
    r"\w*networkpolicy|resourcequota|limitrange|\w+webhookconfiguration|\w+admissionpolicy(?:binding)?"
    r"|clusterpolicy|(?:namespaced)?(?:image)?validatingpolicy"
)


@dataclass(frozen=True, slots=True)
class PolicyTarget:
    """A kind or a resource type that a policy matches, and its group where that is said."""

    group: str
    name: str

    @property
    def word(self) -> str:
        """The kind in lower case, also of a resource type, which is its plural."""
        name = self.name.lower()
        if self.name[:1].isupper():
            return name
        return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")

    @property
    def limits_others(self) -> bool:
        """Whether objects of the kind refuse traffic, requests or resources."""
        limits = self.group and limits_others(GroupKind(self.group, self.name))
        return bool(limits or _LIMITING.fullmatch(self.word))


def kyverno_target(text: str) -> PolicyTarget:
    """A kind as Kyverno writes it: `Kind`, `group/version/Kind` and others, with a subresource."""
    kind = next((part for part in text.split("/") if part[:1].isupper()), text.rpartition("/")[2])
    first = text.split("/", maxsplit=1)[0]
    return PolicyTarget(first if "." in first else "", kind)


def kyverno_targets(match: Node) -> Iterator[PolicyTarget]:
    """The kinds that `match` of a rule names."""
    for part in (match, *match["any"].items(), *match["all"].items()):
        yield from map(kyverno_target, part["resources"]["kinds"].texts)


def resource_targets(constraints: Node) -> tuple[PolicyTarget, ...]:
    """The resource types that `matchConstraints` of a policy names, without subresources."""
    return tuple(
        PolicyTarget(group, name.split("/", maxsplit=1)[0])
        for rule in constraints["resourceRules"].items()
        for group in rule["apiGroups"].texts or ("",)
        for name in rule["resources"].texts
    )
