"""How Argo CD calls Helm for a source of an Application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from bot.core.reading.yaml_texts import json_text
from bot.core.rendering import Release
from bot.core.values import Body, mapping, sequence, text
from bot.errors import UnbuildableError
from bot.kubernetes.gitops.argocd.names import with_variables
from bot.kubernetes.gitops.argocd.source import ArgoSource
from bot.kubernetes.gitops.globs import is_glob, matches
from bot.kubernetes.gitops.parameters import set_text, set_value
from bot.kubernetes.gitops.tree_files import REMOTE, within
from bot.kubernetes.gitops.unknowns import holds_unknown

_LONGEST_NAME: Final = 53


def release_of(source: ArgoSource) -> tuple[Release, tuple[str, ...]]:
    """Return the release of the chart, and further files that it depends on.

    Values of the Application override its value files, and its parameters override both:
    https://argo-cd.readthedocs.io/en/stable/user-guide/helm/. Raises UnbuildableError.
    """
    helm = mapping(source.body.get("helm"))
    namespace = text(helm.get("namespace")) or text(source.destination.get("namespace")) or ""
    name = text(helm.get("releaseName")) or source.application.name
    if len(name) > _LONGEST_NAME:
        raise UnbuildableError(f"Helm takes no release name longer than {_LONGEST_NAME} characters")
    set_values, inputs = _parameters(source, helm)
    values = (*_values(helm), *((json_text(set_values),) if set_values else ()))
    versions = helm.get("apiVersions", source.body.get("apiVersions"))
    release = Release(
        name=name,
        namespace=namespace,
        values_files=tuple(dict.fromkeys(_value_files(source, helm))),
        values=values,
        kubernetes=text(helm.get("kubeVersion")) or None,
        api_versions=tuple(version for version in sequence(versions) if isinstance(version, str)),
        crds=helm.get("skipCrds") is not True,
        upgraded=False,  # each sync is `helm template`, which says that it installs
    )
    return release, inputs


def _values(helm: Body) -> Iterator[str]:
    """Yield the values that the Application holds; `valuesObject` replaces `values`."""
    values = helm.get("valuesObject")
    if values is not None:
        yield json_text(values)
    elif text(helm.get("values")):
        yield text(helm.get("values")) or ""


def _value_files(source: ArgoSource, helm: Body) -> Iterator[str]:
    ignores = helm.get("ignoreMissingValueFiles") is True
    named = [_local(source, name) for name in sequence(helm.get("valueFiles"))]
    plain = {path for path in named if not is_glob(path)}
    for path in named:
        if not is_glob(path):
            if path in source.places.files:
                yield path
            elif not ignores:
                raise UnbuildableError(f"its values file {path!r} is not in the tree")
            continue
        paths = [name for name in source.places.files if matches(path, name, "doublestar")]
        if not paths and not ignores:
            raise UnbuildableError(f"no values file fits {path!r}")
        yield from (name for name in paths if name not in plain)


def _local(source: ArgoSource, named: object) -> str:
    """Return the path in the tree of a file that is passed to Helm. Raises UnbuildableError."""
    if not isinstance(named, str) or not named:
        raise UnbuildableError("one of its values files has no name")
    start, path = source.place, named
    if named.startswith("$") and "/" in named:
        name, _, rest = named[1:].partition("/")
        if name in source.refs:
            if source.refs[name] is False:
                raise UnbuildableError(f"its values file {named!r} is in another repository")
            start, path = "", rest
    if start == REMOTE:
        raise UnbuildableError(f"its values file {named!r} is in the chart, which lies elsewhere")
    path = with_variables(path, source.variables)
    if holds_unknown(path):
        raise UnbuildableError(f"which file {named!r} is cannot be known here")
    if "://" in path:
        raise UnbuildableError("one of its values files is fetched from elsewhere")
    local_path = within(path, start)
    if not local_path:
        raise UnbuildableError(f"its values file {named!r} is not in this repository")
    return local_path


def _parameters(source: ArgoSource, helm: Body) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the values that parameters set, in Argo CD's order, and the files read for them."""
    values: dict[str, Any] = {}
    parameters = [mapping(item) for item in sequence(helm.get("parameters"))]
    for as_text in (False, True):
        for item in parameters:
            name, value = text(item.get("name")), text(item.get("value")) or ""
            if name and (item.get("forceString") is True) is as_text:
                put_in = with_variables(value, source.variables)
                set_value(values, name, put_in, as_text=as_text)
    inputs = []
    for item in map(mapping, sequence(helm.get("fileParameters"))):
        path = _local(source, item.get("path"))
        if path not in source.places.files:
            raise UnbuildableError(f"the file {path!r} that it passes to Helm is not in the tree")
        inputs.append(path)
        content = source.places.data(path).decode("utf-8", "replace")
        set_text(values, text(item.get("name")) or "", content)
    return values, tuple(inputs)
