"""Gatekeeper: the code of templates, what is judged before it exists, and who is asked.

https://open-policy-agent.github.io/gatekeeper/website/docs/constrainttemplates
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.resource import GroupKind, Node
from bot.core.state import State
from bot.core.values import Value
from bot.kubernetes.guardrails.admission import same_text, satisfied
from bot.kubernetes.guardrails.formulas import And, Formula, Not, Opaque, Or, Test, every
from bot.kubernetes.guardrails.guards import Clause, Guard, GuardField, GuardRoots, Reader
from bot.kubernetes.guardrails.matching import GROUP, KIND, conditions, fails_closed, judging
from bot.patterns import pattern

TEMPLATE: Final = GroupKind("templates.gatekeeper.sh", "ConstraintTemplate")
EXPANSION: Final = GroupKind("expansion.gatekeeper.sh", "ExpansionTemplate")
PROVIDER: Final = GroupKind("externaldata.gatekeeper.sh", "Provider")
_NATIVE: Final = "K8sNativeValidation"
# Comments end with the line, and do not begin in strings, of which those in backquotes span lines.
_REGO: Final = pattern(r'("(?:\\.|[^"\\\n])*"|`[^`]*`)|#[^\n]*')


def template_guards(state: State) -> Iterator[Guard]:
    """The templates of constraints, the expansions and the providers of a state."""
    readers: Mapping[GroupKind, Reader] = {
        TEMPLATE: read_template,
        EXPANSION: read_expansion,
        PROVIDER: read_provider,
    }
    for kind, read in readers.items():
        for resource in state.of(kind):
            yield Guard(str(resource.key), kind.kind, {resource.key: resource.root}, read)


def read_template(roots: GuardRoots) -> tuple[Clause, ...]:
    """What a template refuses: by its CEL, and by its Rego, which is known by its text alone."""
    return tuple(
        Clause(
            "template",
            "",
            every(*map(_target, root["spec"]["targets"].items())),
            (GuardField("targets", root["spec"]["targets"], "check"),),
            root["metadata"]["name"],
        )
        for root in roots.values()
    )


def _target(target: Node) -> Formula:
    """A target's code, which may stand at the target itself if it is Rego."""
    refused: list[Formula] = [Opaque(f"target {target['target'].text}")]
    if target["rego"].text:
        refused.append(_rego(target))
    for item in target["code"].items():
        source = item["source"]
        if item["engine"].text == _NATIVE:
            refused.append(_native(source))
        elif item["engine"].text == "Rego":
            refused.append(_rego(source))
        else:
            refused.append(Opaque(f"code {same_text(item.value)}"))
    return And(tuple(refused))


def _rego(source: Node) -> Formula:
    texts: list[Value] = [_without_comments(text) for text in source["libs"].texts]
    code: dict[str, Value] = {"rego": _without_comments(source["rego"].text or "")}
    code["libs"] = tuple(texts)
    if source["version"].text not in {None, "v0"}:
        code["version"] = source["version"].text
    return Opaque(f"Rego {same_text(code)}")


def _without_comments(rego: str) -> str:
    """Rego without comments, empty lines and the spaces at the ends of lines."""
    code = _REGO.sub(lambda match: match[1] or "", rego)
    return "\n".join(line.rstrip() for line in code.splitlines() if line.strip())


def _native(source: Node) -> Formula:
    refused = judging(Not(satisfied(source)), closed=fails_closed(source["failurePolicy"]))
    return every(conditions(source["matchConditions"]), refused)


def read_expansion(roots: GuardRoots) -> tuple[Clause, ...]:
    """What controllers are refused for the pods that they would create.

    https://open-policy-agent.github.io/gatekeeper/website/docs/expansion
    """
    return tuple(_expansion(root) for root in roots.values())


def _expansion(root: Node) -> Clause:
    spec = root["spec"]
    applied = tuple(
        every(Test(GROUP, "in", item["groups"].texts), Test(KIND, "in", item["kinds"].texts))
        for item in spec["applyTo"].items()
    )
    made = same_text((spec["templateSource"].value, dict(spec["generatedGVK"].mapping)))
    fields = (
        GuardField("action", spec["enforcementAction"], "action"),
        GuardField("applyTo", spec["applyTo"], "match"),
        GuardField("source", spec["templateSource"], "check"),
        GuardField("made", spec["generatedGVK"], "check"),
    )
    # Its own action takes the place of each constraint's.
    refuses = spec["enforcementAction"].text in {None, "", "deny"}
    denies = every(refuses, Or(applied), Opaque(f"what is made {made}"))
    return Clause("expansion", "", denies, fields, root["metadata"]["name"], derived=True)


def read_provider(roots: GuardRoots) -> tuple[Clause, ...]:
    """Who answers the questions of templates and mutators.

    https://open-policy-agent.github.io/gatekeeper/website/docs/externaldata
    """
    return tuple(
        Clause(
            "provider",
            "",
            Opaque(f"answers of {root['spec']['url'].text}"),
            (GuardField("url", root["spec"]["url"], "check"),),
            root["metadata"]["name"],
        )
        for root in roots.values()
    )
