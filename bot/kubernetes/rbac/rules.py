"""RBAC rules: what a rule allows, and when one rule covers what another allows."""

from __future__ import annotations

from typing import Final, NamedTuple

from bot.records import dataclass

ALL: Final = "*"
CLUSTER: Final = "*"
"""The scope of what holds in every namespace and for what is in none."""


class Atom(NamedTuple):
    """The smallest grant: one verb on one resource or URL.

    `name` None stands for every object; where `group` is None, `resource` is a URL.
    """

    verb: str
    group: str | None
    resource: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class RbacRule:
    """A rule of a role: every verb on every resource of every group, or on every URL.

    Empty `names` stand for every object. A rule has either resources or URLs.
    """

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    @property
    def objects(self) -> tuple[str | None, ...]:
        """The names of the objects, or only None for every object."""
        return self.names or (None,)

    def admits_verb(self, verb: str) -> bool:
        """Whether the rule includes this verb."""
        return ALL in self.verbs or verb in self.verbs

    def admits_group(self, group: str) -> bool:
        """Whether the rule includes this API group."""
        return ALL in self.groups or group in self.groups

    def admits_resource(self, resource: str) -> bool:
        """Whether the rule includes this resource. `pods` does not include `pods/exec`."""
        if ALL in self.resources or resource in self.resources:
            return True
        _, slash, subresource = resource.partition("/")
        return bool(slash) and f"*/{subresource}" in self.resources

    def admits_name(self, name: str | None) -> bool:
        """Whether the rule includes this object name; None stands for all names at once."""
        return not self.names or (name is not None and name in self.names)

    def admits_url(self, url: str) -> bool:
        """Whether the rule includes this URL; only a trailing `*` is a wildcard."""
        return any(
            pattern in (ALL, url) or (pattern.endswith("*") and url.startswith(pattern.rstrip("*")))
            for pattern in self.urls
        )

    def covers(self, atom: Atom) -> bool:
        """Whether this rule alone allows everything that the atom allows.

        Verbs, groups, resources and names are open sets: where no single rule covers an atom with a
        wildcard, no union of rules does.
        https://github.com/kubernetes/component-helpers/blob/master/auth/rbac/validation
        """
        if not self.admits_verb(atom.verb):
            return False
        if atom.group is None:
            return self.admits_url(atom.resource)
        return (
            self.admits_group(atom.group)
            and self.admits_resource(atom.resource)
            and self.admits_name(atom.name)
        )
