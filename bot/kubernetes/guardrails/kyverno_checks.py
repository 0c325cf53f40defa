"""What a rule of a Kyverno policy refuses among the requests that it matches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.resource import Node
from bot.core.values import Value
from bot.kubernetes.guardrails.admission import defined_variables, same_text
from bot.kubernetes.guardrails.cel import expression
from bot.kubernetes.guardrails.formulas import And, Formula, Not, Opaque, Or, Test, every, some
from bot.kubernetes.guardrails.kyverno_match import selector
from bot.kubernetes.guardrails.levels import refused_by_level
from bot.kubernetes.guardrails.matching import NAMESPACE, NAMESPACE_LABEL
from bot.kubernetes.guardrails.search import CHECK
from bot.patterns import pattern

IMAGE: Final = "image"

_SHAPES: Final = frozenset({"pattern", "anyPattern", "deny", "cel", "podSecurity"})
# What decides about the action, and what is for people.
_REPORTED: Final = frozenset(
    {"message", "failureAction", "failureActionOverrides", "allowExistingViolations"}
)
_ANCHOR: Final = pattern(r"(?:\(|<\().*\)")
_PLAIN_PATTERN: Final = pattern(r"[^<>!|&]*")
_DEEPEST: Final = 40


def violated(rule: Node) -> Formula:
    """What `validate` refuses; what is not understood is known by its text alone."""
    validate = rule["validate"]
    parts: list[Formula] = []
    if validate["pattern"].exists:
        parts.append(Not(_pattern(validate["pattern"].value, (), 0)))
    if validate["anyPattern"].exists:
        options = tuple(_pattern(item.value, (), 0) for item in validate["anyPattern"].items())
        parts.append(Not(Or(options)))
    if validate["deny"].exists:
        # Without conditions everything that the rule matches is refused.
        parts.append(required_conditions(validate["deny"]["conditions"]))
    if validate["cel"].exists:
        parts.append(_cel(validate["cel"]))
    if validate["podSecurity"].exists:
        parts.append(_pod_security(validate["podSecurity"]))
    for name, value in validate.mapping.items():
        if name not in _SHAPES | _REPORTED:
            parts.append(Opaque(f"{name} {same_text(value)}"))
    return Or(tuple(parts))


def required_conditions(node: Node) -> Formula:
    """What `preconditions` or the conditions of an exception require."""
    if not node.exists:
        return True
    listed = tuple(_condition(item) for item in node.items())
    if listed:
        return And(listed)
    parts: list[Formula] = []
    if any(node["any"].items()):
        parts.append(Or(tuple(_condition(item) for item in node["any"].items())))
    parts.extend(_condition(item) for item in node["all"].items())
    return And(tuple(parts))


def _condition(item: Node) -> Formula:
    """One comparison of a key; `message` is for people."""
    content = {name: value for name, value in item.mapping.items() if name != "message"}
    return Opaque(f"condition {same_text(content)}")


def _cel(node: Node) -> Formula:
    variables = defined_variables(node)
    content = {"expressions": node["expressions"].value, "paramRef": node["paramRef"].value}
    if node["paramRef"].exists:
        return Opaque(f"cel {same_text(content)}")
    texts = (item["expression"].text or "" for item in node["expressions"].items())
    return Not(And(tuple(expression(text, variables) for text in texts)))


def _pod_security(node: Node) -> Formula:
    excepted = [Opaque(f"control {same_text(item.value)}") for item in node["exclude"].items()]
    refused = refused_by_level(node["level"].text or "restricted", node["version"].text)
    return every(refused, *(Not(control) for control in excepted))


def _pattern(value: Value, path: tuple[str, ...], depth: int) -> Formula:
    """What an object has to look like: a condition for each leaf of the pattern.

    A conditional anchor (`(name)`) makes its neighbours depend on it: such a mapping is opaque.
    """
    if isinstance(value, Mapping):
        if depth > _DEEPEST or any(_ANCHOR.fullmatch(key) for key in value):
            return Opaque(f"pattern {'.'.join(path)} {same_text(value)}")
        return And(tuple(_pattern(value[key], (*path, key), depth + 1) for key in sorted(value)))
    if isinstance(value, tuple):
        if len(value) == 1:
            return _pattern(value[0], (*path, "*"), depth + 1)
        return Opaque(f"pattern {'.'.join(path)} {same_text(value)}")
    return _leaf(value, f"{CHECK}{'.'.join(path)}")


def _leaf(value: Value, dimension: str) -> Formula:
    """A pattern of a value: alternatives (`a | b`), wildcards, or a comparison by its text."""
    if not isinstance(value, str):
        return Test(dimension, "in", (same_text(value),))
    parts = [part.strip() for part in value.split("|")]
    if not all(_PLAIN_PATTERN.fullmatch(part) for part in parts):
        return Opaque(f"{dimension} {value}")
    return Test(dimension, "glob", tuple(parts))


def image_matches(globs: tuple[str, ...]) -> Formula:
    """Whether an image matches any of these patterns; `*` matches every image."""
    return True if "*" in globs else Test(IMAGE, "glob", globs)


def verified(rule: Node) -> Iterator[Formula]:
    """What each entry of `verifyImages` refuses: images that nobody has signed as it says."""
    for item in rule["verifyImages"].items():
        images = (*item["imageReferences"].texts, *_one(item["image"]))
        refused: list[Formula] = [
            Opaque(f"{name} {same_text(item[name].value)}")
            for name in sorted(_VERIFICATIONS)
            if item[name].exists
        ]
        if item["required"].boolean is not False:
            refused.append(Opaque("the image is not verified at all"))
        if item["verifyDigest"].boolean is not False:
            refused.append(Opaque("the image has no digest"))
        yield every(
            image_matches(images),
            Not(image_matches(item["skipImageReferences"].texts)),
            Or(tuple(refused)),
        )


_VERIFICATIONS: Final = frozenset(
    {"attestors", "attestations", "key", "roots", "subject", "issuer", "type", "annotations"}
    | {"additionalExtensions", "validate", "rekor"}
)


def _one(node: Node) -> tuple[str, ...]:
    return (node.text,) if node.text else ()


def failure_actions(node: Node) -> Iterator[tuple[Formula, bool]]:
    """Each override of an action: where it holds, and whether it refuses there."""
    for item in node.items():
        action = (item["action"].text or "").lower()
        if action not in {"enforce", "audit"}:
            continue
        where: list[Formula] = []
        spaces = item["namespaces"]
        if spaces.exists:
            where.append(some("*" in spaces.texts, Test(NAMESPACE, "glob", spaces.texts)))
        if item["namespaceSelector"].exists:
            where.append(selector(item["namespaceSelector"], NAMESPACE_LABEL))
        yield And(tuple(where)), action == "enforce"
