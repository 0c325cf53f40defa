"""See resources_missing.md."""

from collections.abc import Iterator

from bot.core.engine.consent import POD_TEMPLATE
from bot.core.finding import Finding, Related, Severity
from bot.core.resource import GroupKind, route_text
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.causes import ChangedPosition, changed_place, changed_position
from bot.kubernetes.naming import container_name
from bot.kubernetes.services.probes import matches_any
from bot.kubernetes.workloads.pods import str_of
from bot.kubernetes.workloads.requests import Demand
from bot.kubernetes.workloads.requests_changed import (
    affected,
    newly_lacking,
    newly_out_of_bounds,
    newly_refused,
)
from bot.kubernetes.workloads.template_paths import TEMPLATED
from bot.records import dataclass

SEVERITY = Severity.NOTICE
CONSENT = (*POD_TEMPLATE, "spec.resources")
_CLAIM = kinds.PERSISTENT_VOLUME_CLAIM
SUBJECTS: tuple[GroupKind, ...] = (*TEMPLATED, _CLAIM, kinds.LIMIT_RANGE, kinds.RESOURCE_QUOTA)


@dataclass(frozen=True, slots=True)
class Options:
    """`required`: what each container should say. `ignored_containers`: those that need not."""

    required: tuple[Demand, ...] = ("requests.cpu", "requests.memory", "limits.memory")
    ignored_containers: tuple[str, ...] = ("istio-proxy", "linkerd-proxy")


def compare(before: State, after: State, options: Options) -> Iterator[Finding]:
    for change in affected(before, after):
        resource = change.present
        demanded = set()
        for quota, refusal in newly_refused(change, before, after):
            demanded.add(refusal.container.route)
            message = (
                f"{str_of(resource)}: {container_name(refusal.container)} has"
                f" {_none(refusal.demands)}, which {str_of(quota)} demands, so its pods are refused"
            )
            hard = quota.at("spec", "hard")
            place = refusal.container["resources"]
            cause = changed_place(before, (place, refusal.container, hard)) or ChangedPosition(
                place
            )
            node = place if cause.node == refusal.container else cause.node
            yield Finding(
                node,
                message,
                Severity.ERROR,
                f"quota {resource.key} {route_text(place.route)}",
                related=(Related(hard, "demands it"),),
                side=cause.side,
            )
        for broken in newly_out_of_bounds(change, before, after):
            demanded.add(broken.node.route)
            is_claim = resource.group_kind == _CLAIM
            what, limits = f"{str_of(resource)}: {broken.words}", str_of(broken.bound.resource)
            message = f"{what}, so {limits} refuses {'it' if is_claim else 'its pods'}"
            # An earlier wording, so that fingerprints in waivers still hold.
            key = f"{what}, by {limits}, so {'it is' if is_claim else 'its pods are'} refused"
            cause = changed_position(before, (broken.node, broken.bound))
            related = (Related(broken.bound, "demands it"),)
            yield Finding(
                cause.node, message, Severity.ERROR, key, related=related, side=cause.side
            )
        for lacking in newly_lacking(change, before, after, frozenset(options.required)):
            ignored = matches_any(lacking.container["name"].text, options.ignored_containers)
            if not ignored and lacking.container.route not in demanded:
                what = f"{container_name(lacking.container)} has {_none(lacking.demands)}"
                yield Finding(lacking.container["resources"], f"{str_of(resource)}: {what}")


_NAMES: dict[Demand, str] = {
    "requests.cpu": "no CPU request",
    "requests.memory": "no memory request",
    "limits.cpu": "no CPU limit",
    "limits.memory": "no memory limit",
}


def _none(demands: tuple[Demand, ...]) -> str:
    *names, last = (_NAMES[demand] for demand in demands)
    return f"{', '.join(names)} and {last}" if names else last
