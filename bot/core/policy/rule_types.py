"""The rules that a policy may name: their ids, the ids they had before, and their options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from types import MappingProxyType

from bot.records import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class RuleTypes(Mapping[str, type]):
    """Each rule's options type by rule id. `aliases` maps the former ids of rules to today's."""

    types: Mapping[str, type]
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __getitem__(self, rule: str) -> type:
        return self.types[rule]

    def __iter__(self) -> Iterator[str]:
        return iter(self.types)

    def __len__(self) -> int:
        return len(self.types)
