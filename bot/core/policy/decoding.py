"""The settings of a policy's document, checked, as a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec

from bot.core.finding import Severity
from bot.core.policy.model import Policy, RulePolicy
from bot.core.values import freeze, mapping


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
    severity, mode = options.pop("severity", None), options.pop("mode", None)
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
