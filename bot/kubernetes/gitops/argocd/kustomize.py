"""The edits that Argo CD makes to a kustomization before it builds it.

https://argo-cd.readthedocs.io/en/stable/user-guide/kustomize/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.reading.yaml_texts import json_text
from bot.core.values import Body, Value, integer, mapping, sequence, text
from bot.errors import UnbuildableError
from bot.kubernetes.gitops.argocd.names import with_variables
from bot.kubernetes.gitops.argocd.source import ArgoSource
from bot.kubernetes.gitops.kustomize_edits import (
    EMPTY_KUSTOMIZATION,
    with_annotations,
    with_images,
    with_labels,
    with_more,
    with_replicas,
)
from bot.kubernetes.gitops.tree_files import within

# These options change how kustomize is called, not what it reads.
_SETTINGS: Final = ("version", "kubeVersion", "apiVersions")


def edited(source: ArgoSource, path: str) -> Mapping[str, str]:
    """Return the edited kustomization by its path; empty if the source overrides nothing.

    Raises UnbuildableError where Argo CD would fail as well.
    """
    options = mapping(source.body.get("kustomize"))
    if all(key in _SETTINGS or not value for key, value in options.items()):
        return {}
    before: Body = {**EMPTY_KUSTOMIZATION, **source.places.body(path)}
    return {path: json_text(_edited(before, options, source))}


def _edited(body: Body, options: Body, source: ArgoSource) -> Body:
    """Apply the overrides in the order in which Argo CD applies them."""
    edited_body = dict(body)
    for field in ("namePrefix", "nameSuffix", "namespace"):
        if text(options.get(field)):
            edited_body[field] = options[field]
    done: Body = edited_body
    images = [image for image in sequence(options.get("images")) if isinstance(image, str)]
    if images:
        done = with_images(done, [with_variables(image, source.variables) for image in images])
    replicas = dict(_replicas(options))
    if replicas:
        done = with_replicas(done, replicas)
    done = _with_metadata(done, options, source)
    done = with_more(done, "patches", sequence(options.get("patches")))
    return with_more(done, "components", _components(options, source), once=True)


def _replicas(options: Body) -> Iterator[tuple[str, int]]:
    for item in map(mapping, sequence(options.get("replicas"))):
        name, count = text(item.get("name")), item.get("count")
        number = int(count) if isinstance(count, str) and count.isdecimal() else integer(count)
        if name is None or number is None:
            raise UnbuildableError("the replicas that it sets have no name or no count")
        yield name, number


def _with_metadata(body: Body, options: Body, source: ArgoSource) -> Body:
    labels = _texts(options.get("commonLabels"))
    done = body
    if labels:
        done = with_labels(
            done,
            {key: with_variables(value, source.variables) for key, value in labels.items()},
            force=options.get("forceCommonLabels") is True,
            selectors=options.get("labelWithoutSelector") is not True,
            templates=options.get("labelIncludeTemplates") is True,
        )
    annotations = _texts(options.get("commonAnnotations"))
    if not annotations:
        return done
    if options.get("commonAnnotationsEnvsubst") is True:
        variables = source.variables
        annotations = {key: with_variables(item, variables) for key, item in annotations.items()}
    return with_annotations(done, annotations, force=options.get("forceCommonAnnotations") is True)


def _texts(value: Value) -> dict[str, str]:
    return {key: item for key, item in mapping(value).items() if isinstance(item, str)}


def _components(options: Body, source: ArgoSource) -> Iterator[Value]:
    ignores = options.get("ignoreMissingComponents") is True
    for component in sequence(options.get("components")):
        place = within(component, source.place) if isinstance(component, str) else None
        if not ignores or (place is not None and source.places.has(place)):
            yield component
