"""Sentences about grants: what they make possible, as the end of a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bot.kubernetes.rbac import wording
from bot.kubernetes.rbac.catalogue import CLOUD_IDENTITY, CLUSTER_ADMIN, RISKS
from bot.kubernetes.rbac.gains import Gain
from bot.kubernetes.rbac.judgement import Judgement
from bot.kubernetes.rbac.risks import Risk, is_wide
from bot.patterns import pattern

_MOST_ACTS: Final = 3
_EVERY: Final = pattern(r"\{every\} (\w+(?: or \w+)?)")


def abilities(gains: Sequence[Gain], judge: Judgement, *, by_role: bool = False) -> str:
    """What the gains make possible, and what follows where that is a single thing.

    `by_role` names the role that brings several things at once.
    """
    carried = _carried(gains, judge)
    acts = tuple(dict.fromkeys(_act(risk, gains) for risk, gains in carried.items()))
    if CLUSTER_ADMIN in carried:
        acts = (CLUSTER_ADMIN.act,)
    risky = [gain for gains in carried.values() for gain in gains]
    place = wording.where(gain.scope for gain in risky or gains)
    if by_role and len(acts) != 1:
        roles = dict.fromkeys(str(gain.sourced.chain[0]) for gain in gains)
        what = wording.listed(acts, "more", _MOST_ACTS) or _allowance(gains)
        return f"do what {wording.listed(tuple(roles))} allows {place}: {what}"
    if not acts:
        urls = all(target.group is None for gain in gains for target in gain.box.targets)
        return _allowance(gains) if urls else f"{_allowance(gains)} {place}"
    then = _then(*next(iter(carried.items())), judge) if len(acts) == 1 else ""
    return f"{wording.listed(acts, 'more', _MOST_ACTS)} {place}{then}"


def _carried(gains: Sequence[Gain], judge: Judgement) -> dict[Risk, list[Gain]]:
    """The risks that gains carry, ordered so that each stands where its worst gain does."""
    carried: dict[Risk, list[Gain]] = {}
    for gain in gains:
        for risk in judge.risks(gain):
            carried.setdefault(risk, []).append(gain)
    ordered = [risk for risk in (CLUSTER_ADMIN, *RISKS, CLOUD_IDENTITY) if risk in carried]
    ordered.sort(key=lambda risk: -max(_levels(risk, carried[risk], judge)))
    return {risk: carried[risk] for risk in ordered}


def _then(risk: Risk, gains: Sequence[Gain], judge: Judgement) -> str:
    """What follows from a risk that reaches beyond a namespace."""
    wide = any(is_wide(gain.scope, judge.privileged) for gain in gains)
    return f", {risk.then}" if wide and risk.then and not _limited(risk, gains) else ""


def _levels(risk: Risk, gains: Iterable[Gain], judge: Judgement) -> Iterator[int]:
    return (risk.level(gain.scope, judge.privileged) for gain in gains)


def _limited(risk: Risk, gains: Sequence[Gain]) -> str:
    """The names that a risk is limited to; empty where it is not limited."""
    if "{every}" not in risk.act:
        return ""
    return wording.names(gain.box for gain in gains)


def _act(risk: Risk, gains: Sequence[Gain]) -> str:
    names = _limited(risk, gains)
    if names:
        return _EVERY.sub(lambda match: f"{match[1]} {names}", risk.act)
    return risk.act.replace("{every}", "every")


def _allowance(gains: Sequence[Gain]) -> str:
    return wording.allowance([gain.box for gain in gains])
