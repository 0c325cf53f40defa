"""What each setting of a policy means for the gate, in the order in which changes are named."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from bot.core.policy.document import KeyPath
from bot.core.policy.model import Override, Policy
from bot.core.policy.setting_kinds import (
    Effect,
    EntryList,
    NameList,
    Number,
    RuleSettings,
    Scale,
    Setting,
    Whole,
)

_LOOSER, _OTHER, _STRICTER = Effect


def _who(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, Effect]:
    """An entry of `approvals` or `owners` that changes."""
    before, after = ({*side.get("teams", ()), *side.get("users", ())} for side in (old, new))
    if not after <= before:
        return "other people may accept these findings", _LOOSER
    if not after and before:
        return "the owners decide, as the entry names nobody", _LOOSER
    if new.get("count", 1) < old.get("count", 1):
        return "fewer people have to accept these findings", _LOOSER
    if new.get("by-review", False) and not old.get("by-review", False):
        return "an approving review accepts these findings as well", _LOOSER
    return "fewer people may accept these findings, or more of them have to", _STRICTER


def _expiry(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, Effect]:
    """A waiver with another reason or another last day."""
    if new["expires"] > old["expires"]:
        return f"matching findings block nothing until {new['expires']}", _LOOSER
    if new["expires"] < old["expires"]:
        return f"matching findings block again after {new['expires']}", _STRICTER
    return "only the reason differs", _OTHER


def _cluster(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, Effect]:
    """An environment with the same name."""
    del old, new
    return "the cluster has other paths or properties", _OTHER


def _teams(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, Effect]:
    """An entry of `notify` that changes."""
    del old, new
    return "other teams are asked to review; nobody else may accept", _OTHER


def _named(who: str) -> NameList:
    """People who may do something."""
    return NameList(f"they may {who}", f"they may no longer {who}", _LOOSER)


_SEVERITIES: Final = MappingProxyType(
    {
        "notice": "every finding blocks",
        "warning": "warnings and errors block",
        "error": "only errors block",
        "never": "no finding blocks",
    }
)

SETTINGS: Final[Mapping[KeyPath, Setting]] = MappingProxyType(
    {
        ("mode",): Scale(
            {"enforce": "findings block", "observe": "the check passes whatever is found"},
            "enforce",
        ),
        ("block",): Scale(_SEVERITIES, "error"),
        ("incomplete",): Scale(
            {
                "block": "the check fails where something could not be reviewed",
                "allow": "the check passes what could be reviewed neither before nor after",
            },
            "block",
        ),
        ("rules",): RuleSettings(
            # Without an entry the rule has its own severity, which is known to no policy.
            Scale(
                {
                    "error": "its findings are errors",
                    None: "its findings have the rule's own severity",
                    "warning": "its findings are warnings",
                    "notice": "its findings are notices",
                    "off": "the rule reports nothing",
                }
            ),
            Scale(
                {
                    "enforce": "its findings block, also while the rule is new",
                    None: "its findings block",
                    "observe": "its findings block nothing",
                }
            ),
            Whole("the rule decides by another option"),
        ),
        ("locked",): NameList(
            "no repository may loosen these settings",
            "every repository may loosen these settings",
            _STRICTER,
        ),
        ("approvals",): EntryList(
            ("rules",),
            ("other people may accept these findings", _LOOSER),
            ("the next entry that matches, or the owners, decide", _LOOSER),
            _who,
            "the first entry that matches a rule decides",
        ),
        ("owners",): EntryList(
            ("namespaces",),
            ("these teams may accept findings in these namespaces", _LOOSER),
            ("other owners decide in these namespaces", _LOOSER),
            _who,
        ),
        ("override", "teams"): _named("let a commit through in spite of its findings"),
        ("override", "users"): _named("let a commit through in spite of its findings"),
        ("override", "hours"): Number("an override lasts so many hours", Override().hours),
        ("escalation", "teams"): _named("accept what nobody else is left to accept"),
        ("escalation", "users"): _named("accept what nobody else is left to accept"),
        ("waivers",): EntryList(
            ("rule", "fingerprint", "resource", "environments", "namespaces", "paths"),
            ("matching findings block nothing", _LOOSER),
            ("matching findings block again", _STRICTER),
            _expiry,
        ),
        ("ignore",): NameList(
            "manifests there are not reviewed", "manifests there are reviewed again", _LOOSER
        ),
        ("trusted-sources",): NameList(
            "they may connect to anything without a finding",
            "their new connections are findings again",
            _LOOSER,
        ),
        ("images", "approved"): NameList(
            "these images are approved", "these images are no longer approved", _LOOSER
        ),
        ("images", "require-digest"): Scale(
            {
                True: "an image without a digest is a finding",
                False: "an image without a digest is no finding",
            },
            default=False,
        ),
        ("rbac", "known"): NameList(
            "what these files grant is not reported as new",
            "what these files grant no longer counts as there",
            _LOOSER,
        ),
        ("assume", "default-deny"): NameList(
            "these namespaces count as closed to traffic",
            "these namespaces no longer count as closed to traffic",
            _LOOSER,
        ),
        ("privileged-namespaces",): NameList(
            "permissions there count as permissions in the whole cluster",
            "permissions there count as those in any namespace",
            _STRICTER,
            Policy().privileged_namespaces,
        ),
        ("promotes",): NameList(
            "what was accepted in an earlier stage is accepted there",
            "what was accepted in another stage has to be accepted there",
            _LOOSER,
            order="what was accepted in an earlier stage is accepted in a later one",
        ),
        ("unlisted",): Scale(
            {
                "error": "what nothing applies is judged with full severity",
                "warning": "what nothing applies is a warning at most",
                "notice": "what nothing applies is a notice at most",
            },
            "notice",
        ),
        ("new-rules",): Scale(
            {
                "enforce": "rules that are new in a version block at once",
                "observe": "rules that are new in a version block after 14 days",
            },
            "observe",
        ),
        ("roots",): NameList(
            "what is declared there decides how directories are read",
            "what is declared there no longer decides how directories are read",
            _OTHER,
        ),
        ("environments",): EntryList(
            ("name",),
            ("these manifests are judged together as one cluster", _OTHER),
            ("these manifests are no longer judged together as one cluster", _OTHER),
            _cluster,
        ),
        ("render", "roots"): NameList(
            "these directories are built by themselves as well",
            "these directories are not built by themselves",
            _STRICTER,
        ),
        ("render", "exclude"): NameList(
            "these directories are not built by themselves",
            "these directories are built by themselves again",
            _LOOSER,
        ),
        ("inline",): Scale(
            {
                "notice": "every finding gets a thread",
                "warning": "warnings and errors get a thread",
                "error": "only errors get a thread",
                "never": "no finding gets a thread",
            },
            "warning",
            decides=False,
        ),
        ("notify",): EntryList(
            ("rules",),
            ("these teams are asked to review; nobody else may accept", _OTHER),
            ("these teams are not asked to review", _OTHER),
            _teams,
        ),
        ("images", "mirrors"): Whole("other registries are suggested"),
    }
)
"""Every setting but `version` and `branches`, by key path."""
