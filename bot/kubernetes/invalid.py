"""Which changed objects would the API server refuse, and on which field?

Two sources answer: the published schemas and those of CustomResourceDefinitions, always; and the
validator's refusals, where it ran. Where it judged an object, its word counts, and the schemas only
add the name that was probably meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.resource import Resource, route_text
from bot.core.state import State
from bot.core.validation import ValidationResult
from bot.kubernetes import kinds, rbac
from bot.kubernetes.apply.appliers import appliers
from bot.kubernetes.apply.faults import ApiFault, as_applied, if_unlisted
from bot.kubernetes.apply.limits import LARGEST_REQUEST
from bot.kubernetes.apply.published_paths import refusals_of
from bot.kubernetes.apply.refusals import (
    DECODING,
    clause,
    has_placeholder,
    has_placeholder_within,
    is_encrypted,
    node_at,
    refusal_code,
)
from bot.kubernetes.incomplete import is_partial, is_templated
from bot.kubernetes.naming import escaped
from bot.kubernetes.network.policies import network_policies
from bot.kubernetes.schemas.certainty import severity_of, severity_of_refusal
from bot.kubernetes.schemas.check import SchemaViolation, check
from bot.kubernetes.schemas.serving import NotServed, ServedKind, schemas_of, serving
from bot.kubernetes.workloads.pods import str_of

_MOST: Final = 20


def invalid(old: Resource | None, new: Resource, before: State, after: State) -> Iterator[Finding]:
    """The findings of a changed resource, at most a few: what base had as well is not reported."""
    if is_encrypted(new) or _is_judged_elsewhere(new):
        return
    if len(new.encoded) > LARGEST_REQUEST:
        yield _too_large(new)
        return
    served = serving(new, after)
    if isinstance(served, NotServed):
        if old is None or not isinstance(serving(old, before), NotServed):
            yield _not_served(new, served)
        return
    result = after.validations.get(new.key)
    faults = list(_schema_faults(old, new, served, after, result))
    is_listed = bool(after.applied_by.get(new.key)) or not after.declarations
    faults = [fault if is_listed else if_unlisted(fault) for fault in faults]
    places = {route_text(fault.node.route) for fault in faults}
    refusals = [
        fault if is_listed else if_unlisted(fault)
        for fault in _refusals(new, served, result, known=bool(faults))
        if route_text(fault.node.route) not in places
    ]
    # Two items of one key are refused by whoever applies them if validation refuses them as well.
    faults = [fault for fault in faults if not (fault.keyed and _is_below(refusals, fault))]
    faults += refusals
    ways = appliers(new, after) if faults else ()
    applied = (met for fault in faults if (met := as_applied(fault, ways)) is not None)
    for fault in islice(applied, _MOST):
        yield fault.finding()


def _is_below(refusals: list[ApiFault], fault: ApiFault) -> bool:
    route = fault.node.route
    return any(refusal.node.route[: len(route)] == route for refusal in refusals)


def _is_judged_elsewhere(new: Resource) -> bool:
    """Whether a rule of its own reports what the API refuses of this object."""
    if new.group_kind in kinds.RBAC:
        return any(finding.severity == Severity.ERROR for finding in rbac.invalid(new))
    if new.group_kind == kinds.NETWORK_POLICY:
        return any(policy.refusals for policy in network_policies(new))
    return False


def _too_large(new: Resource) -> Finding:
    size = len(new.encoded)
    message = (
        f"The API refuses {str_of(new)}: it has {size} bytes, and a request may have "
        f"{LARGEST_REQUEST}"
    )
    return ApiFault("INVALID", new.at("metadata", "name"), message).finding()


def _not_served(new: Resource, absent: NotServed) -> Finding:
    kind = escaped(f"{new.api_version}/{new.key.kind}")
    use = f"; did you mean {escaped_words(absent.nearest)}?" if absent.nearest else ""
    message = f"{str_of(new)} is of a kind that no API serves, {kind}{use}"
    return ApiFault("NOT-SERVED", new.at("kind"), message, absent.nearest).finding()


def escaped_words(text: str) -> str:
    """Several words for a message, each escaped."""
    return " ".join(map(escaped, text.split()))


def _schema_faults(
    old: Resource | None,
    new: Resource,
    served: ServedKind | None,
    after: State,
    result: ValidationResult | None,
) -> Iterator[ApiFault]:
    if served is None:
        return
    schemas = schemas_of(after)
    known = set()
    if old is not None and old.api_version == new.api_version:
        known = {_identity(violation) for violation in check(old.root, served.shape, schemas)}
    for violation in check(new.root, served.shape, schemas):
        if _identity(violation) in known or has_placeholder(violation.node):
            continue
        if _is_believed(violation, served, result, new):
            fault = _schema_fault(violation, new, served)
            yield fault


def _identity(violation: SchemaViolation) -> tuple[str, str, str]:
    return (violation.code, route_text(violation.node.route), violation.text)


def _is_believed(
    violation: SchemaViolation,
    served: ServedKind,
    result: ValidationResult | None,
    new: Resource,
) -> bool:
    """Whether the API server refuses what does not fit the schema.

    Items that share a key are refused by a server-side apply alone. Where the validator judged the
    object, it says whether the text can be decoded; a missing field may have a default, and in a
    custom resource it may be null. It decodes as the newest Kubernetes, so which fields an earlier
    one has is the schema's to say.
    """
    if violation.keyed or (violation.code == "UNKNOWN-FIELD" and not served.is_custom):
        return True
    if result is not None and result.status == "judged":
        decoded = not any(refusal.type in DECODING for refusal in result.refusals)
        return violation.code in ("UNKNOWN-FIELD", "WRONG-TYPE") and not decoded
    if violation.code == "REQUIRED":
        if is_partial(new):
            return False
        if served.is_custom:
            return not violation.node.exists
        return route_text(violation.node.route).rpartition(".")[2] in _REQUIRED
    return True


# Fields that the published schemas require and whose absence every version refuses; others have a
# zero value that is accepted.
_REQUIRED: Final = frozenset(
    {
        *("containers", "template", "selector", "roleRef", "schedule", "jobTemplate", "pathType"),
        *("scaleTargetRef", "maxReplicas", "mountPath", "port", "containerPort", "backend"),
        *("name", "topologyKey", "whenUnsatisfiable", "maxSkew", "provisioner", "webhooks"),
    }
)


def _schema_fault(violation: SchemaViolation, new: Resource, served: ServedKind) -> ApiFault:
    path = escaped(route_text(violation.node.route))
    nearest = violation.nearest
    hint = violation.hint
    if nearest is not None:
        hint = f"did you mean {escaped(nearest)}?"
    message = f"{str_of(new)} {violation.text} {path}{f'; {hint}' if hint else ''}"
    if served.known is not None:
        message += f" (judged by {served.known.releases})"
    severity = severity_of(violation, served)
    return ApiFault(
        violation.code,
        violation.node,
        message,
        nearest,
        severity,
        violation.keyed,
        is_guess=served.known is not None,
    )


def _refusals(
    new: Resource, served: ServedKind | None, result: ValidationResult | None, *, known: bool
) -> Iterator[ApiFault]:
    """The validator's refusals of the object itself, each once."""
    if result is None or result.status != "judged":
        return
    templated = is_templated(new)
    partial = is_partial(new)
    for refusal in refusals_of(new, result):
        if new.group_kind == kinds.NETWORK_POLICY and "ipBlock" in refusal.field:
            continue  # network-policy-invalid judges address blocks
        node = node_at(new, refusal.field)
        decoding = refusal.type in DECODING
        if refusal.update or has_placeholder(node) or (decoding and (templated or known)):
            continue
        if partial and not decoding:
            continue
        if templated and has_placeholder_within(node):
            continue  # a rule of the definition reads what is replaced
        message = f"The API refuses {str_of(new)}: {clause(refusal)}"
        is_guess = served is not None and served.known is not None
        if served is not None and served.known is not None:
            message += f" (judged by {served.known.releases})"
        severity = severity_of_refusal(refusal, served)
        yield ApiFault(refusal_code(refusal), node, message, severity=severity, is_guess=is_guess)
