"""Pod templates: where each kind of resource holds them, and what they say about their pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.workloads.template_paths import PLACES, Restart, TemplateForm, TemplatePath
from bot.records import cached_property, dataclass

# In `taskRunSpecs` of v1beta1: https://tekton.dev/docs/pipelines/pipeline-api/
_RUN_TEMPLATE: Final = "taskPodTemplate"
_RUN_ACCOUNT: Final = "taskServiceAccountName"


@dataclass(frozen=True)
class PodTemplate:
    """The template of one group of pods: the owning resource, and the node that describes them.

    `node` holds `metadata` and the pod's spec. Its resource is not the owner where a Rollout takes
    the template of a Deployment (`workloadRef`).
    """

    owner: Resource
    node: Node
    place: TemplatePath

    @property
    def namespace(self) -> str:
        """The namespace in which the pods run; empty where the owner is cluster-scoped."""
        return self.owner.namespace or ""

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The labels that the pods get from their template."""
        labels = self.node.at("metadata", "labels").mapping
        return MappingProxyType({k: v for k, v in labels.items() if isinstance(v, str)})

    @cached_property
    def spec(self) -> Node:
        """The PodSpec; for Argo Workflows and Tekton what has the same fields."""
        if self.place.form == "run":
            return self.node["podTemplate" if self.node["podTemplate"].exists else _RUN_TEMPLATE]
        return self.node["spec"] if self.place.form == "template" else self.node

    @cached_property
    def containers(self) -> tuple[Node, ...]:
        """The ordinary containers."""
        if self.place.form == "template":
            return tuple(self.spec["containers"].items())
        if self.place.form == "task":
            # What all steps take over is judged as one of them.
            common = self.spec["stepTemplate"]
            steps = (*self.spec["steps"].items(), *self.spec["sidecars"].items())
            return (*steps, common) if common.mapping else steps
        single = (self.spec["container"], self.spec["script"])
        grouped = (self.spec["containerSet"]["containers"], self.spec["sidecars"])
        return (
            *(node for node in single if node.mapping),
            *(item for node in grouped for item in node.items()),
        )

    @property
    def init_containers(self) -> tuple[Node, ...]:
        """All init containers, native sidecars included."""
        return tuple(self.spec["initContainers"].items())

    @cached_property
    def native_sidecars(self) -> tuple[Node, ...]:
        """The init containers that keep running beside the ordinary containers."""
        return tuple(
            node for node in self.init_containers if node["restartPolicy"].value == "Always"
        )

    @property
    def ephemeral_containers(self) -> tuple[Node, ...]:
        """The containers that were added to a running pod."""
        return tuple(self.spec["ephemeralContainers"].items())

    @property
    def all_containers(self) -> tuple[Node, ...]:
        """Every container: init, ordinary and ephemeral ones, in that order."""
        return (*self.containers, *self.init_containers, *self.ephemeral_containers)

    @cached_property
    def serving(self) -> tuple[Node, ...]:
        """The containers that can serve traffic, in the order in which port names are resolved.

        https://github.com/kubernetes/endpointslice/blob/master/util/controller_utils.go (FindPort)
        """
        return (*self.containers, *self.native_sidecars)

    @property
    def host_network(self) -> bool:
        """Whether the pods use the network of their node."""
        return self.spec["hostNetwork"].value is True

    @property
    def service_account_node(self) -> Node:
        """The node that names the account: the newer field overrides the deprecated one.

        Where neither is set, the node of the newer field, which does not exist.
        """
        holder = self.node if self.place.form == "run" else self.spec
        named = holder["serviceAccountName"]
        deprecated = holder[_RUN_ACCOUNT if self.place.form == "run" else "serviceAccount"]
        elsewhere = self.node.resource.at(*self.place.account) if self.place.account else named
        for node in (named, deprecated, elsewhere):
            if node.text:
                return node
        return named

    @property
    def service_account(self) -> str:
        """The name of the account that the pods run as."""
        return self.service_account_node.text or "default"

    @property
    def automount_node(self) -> Node:
        """The node that says whether the account's token is mounted."""
        return self.spec["automountServiceAccountToken"]

    @property
    def restart(self) -> Restart:
        """Whether the pods are kept running, scale with traffic, or run to completion."""
        if self.owner.group_kind == kinds.POD and self.spec["restartPolicy"].value in {
            "Never",
            "OnFailure",
        }:
            return "to-completion"
        return self.place.restart

    def __str__(self) -> str:
        return str_of(self.owner)


def str_of(resource: Resource) -> str:
    """The resource as messages name it: `Kind namespace/name`, or `Kind name`."""
    space = f"{resource.namespace}/" if resource.namespace is not None else ""
    return f"{resource.key.kind} {space}{resource.name}"


def pod_templates(resource: Resource) -> tuple[PodTemplate, ...]:
    """The pod templates that this resource holds itself; none for an unknown kind."""
    return resource.derived(_templates)


def _templates(resource: Resource) -> tuple[PodTemplate, ...]:
    return tuple(_placed(resource))


def _placed(resource: Resource) -> Iterator[PodTemplate]:
    written_here = False
    for place in PLACES.get(resource.group_kind, ()):
        if place.form == "run" and written_here and "*" not in place.path:
            continue  # the tasks that are written here take over what holds for all
        for node in _reached(resource.root, place.path):
            if node.mapping and (place.form == "template" or _runs(node, place.form)):
                written_here = written_here or place.form == "task"
                yield PodTemplate(resource, node, place)


def effective_pod_templates(resource: Resource, state: State) -> Iterator[PodTemplate]:
    """The pod templates of a resource, with those of a Rollout's `workloadRef`."""
    yield from pod_templates(resource)
    reference = resource.at("spec", "workloadRef")
    if resource.group_kind != kinds.ROLLOUT or not reference.mapping:
        return
    group = (reference["apiVersion"].text or "").rpartition("/")[0]
    key = ResourceKey(
        group, reference["kind"].text or "", resource.namespace, reference["name"].text or ""
    )
    owner = state.get(key)
    if owner is not None and owner.group_kind != kinds.ROLLOUT:
        for template in pod_templates(owner):
            yield PodTemplate(resource, template.node, template.place)


def _runs(template: Node, form: TemplateForm) -> bool:
    """Whether a template of Argo Workflows, or a task or run of Tekton, says how a pod is run."""
    match form:
        case "task":
            return bool(template["steps"].value)
        case "run":
            fields: tuple[str, ...] = ("podTemplate", _RUN_TEMPLATE, _RUN_ACCOUNT)
            return any(template[name].exists for name in (*fields, "serviceAccountName"))
        case _:
            fields = ("container", "script", "containerSet")
            return any(template[name].mapping for name in fields)


def _reached(node: Node, path: tuple[str, ...]) -> Iterator[Node]:
    if not path:
        yield node
        return
    step, rest = path[0], path[1:]
    if step != "*":
        yield from _reached(node[step], rest)
        return
    for item in (*node.items(), *(child for _, child in node.fields())):
        yield from _reached(item, rest)
