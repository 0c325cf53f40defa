"""Argo CD's ApplicationSets: the Applications that they generate from the repository alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final, TypeAlias

from bot.core.reading.yaml_texts import merged
from bot.core.resource import Resource
from bot.core.values import Body, mapping, sequence, text
from bot.errors import UnbuildableError
from bot.kubernetes.gitops.argocd.source import Application
from bot.kubernetes.gitops.generators import MOST_SETS, Generators
from bot.kubernetes.gitops.repositories import RepositoryAddresses
from bot.kubernetes.gitops.templates import Parameters, filled, missing_parameter
from bot.kubernetes.gitops.tree_files import TreeFiles

_MISSING_ENDS: Final = frozenset({"missingkey=error"})


def applications_of(
    resource: Resource, places: TreeFiles, addresses: RepositoryAddresses
) -> Iterator[Application]:
    """Yield the Applications of a set, one for each set of parameters.

    A generator that cannot be evaluated gives unknown parameters. A path that contains an unknown
    parameter stands for every directory that it can match.
    """
    seen: set[str] = set()
    for number, application in enumerate(_generated(resource, places, addresses)):
        if number >= MOST_SETS and not application.hindrances:
            why = f"its ApplicationSet gives more than {MOST_SETS:,} Applications"
            yield replace(application, hindrances=(why,))
            return
        identity = repr((application.name, application.spec, application.hindrances))
        if identity not in seen:
            seen.add(identity)
            yield application


def _generated(
    resource: Resource, places: TreeFiles, addresses: RepositoryAddresses
) -> Iterator[Application]:
    spec = resource.at("spec")
    go = spec["goTemplate"].value is True
    patch = text(spec["templatePatch"].value)
    hindrances = ("its ApplicationSet patches it by a template",) if patch else ()
    sets = list(islice(_parameter_sets(resource, Generators(places, addresses, go)), MOST_SETS + 1))
    if go and _MISSING_ENDS & set(spec["goTemplateOptions"].texts):
        hindrances = (*hindrances, *islice(_failures(sets), 1))
    for template, parameters, failure in sets:
        yield _application(resource, template, parameters, (*hindrances, *failure), go=go)


_Set: TypeAlias = tuple[Body, Parameters, tuple[str, ...]]
"""A template, the parameters for it, and why there are none."""


def _parameter_sets(resource: Resource, generators: Generators) -> Iterator[_Set]:
    spec = resource.at("spec")
    for generator in map(mapping, sequence(spec["generators"].value)):
        template = _template(generator, spec["template"].mapping)
        try:
            for parameters in generators.sets(generator):
                yield template, parameters, ()
        except UnbuildableError as error:
            failure = f"its ApplicationSet cannot be evaluated: {error}"
            yield template, Parameters(opens=True), (failure,)


def _failures(sets: Iterable[_Set]) -> Iterator[str]:
    """Yield why Argo CD generates nothing of a set: one failing template ends all.

    https://github.com/argoproj/argo-cd/blob/master/applicationset/controllers/template/template.go
    """
    for template, parameters, _ in sets:
        missing = missing_parameter(template, parameters)
        if missing is not None:
            yield f"its ApplicationSet fails, as a set of its parameters has no {missing}"


def _template(generator: Body, template: Body) -> Body:
    """Return the set's template with the generator's own template merged over it.

    What is empty there leaves what the set says:
    https://github.com/argoproj/argo-cd/blob/master/applicationset/generators/generator_spec_processor.go
    """
    overriding = next(
        (
            mapping(generator_body).get("template")
            for generator_body in generator.values()
            if "template" in mapping(generator_body)
        ),
        None,
    )
    return merged(template, _without_empty(mapping(overriding)))


def _application(
    resource: Resource,
    template: Body,
    parameters: Parameters,
    hindrances: tuple[str, ...],
    *,
    go: bool,
) -> Application:
    done = mapping(filled(template, parameters, go=go))
    metadata = mapping(done.get("metadata"))
    return Application(
        resource.at("spec", "template", "spec"),
        text(metadata.get("name")) or "",
        text(metadata.get("namespace")) or resource.namespace or "",
        mapping(done.get("spec")),
        hindrances,
        _generated_by(resource, done),
    )


def _generated_by(resource: Resource, template: Body) -> Resource:
    """Return the set as if this were its template, and without its generators."""
    spec = {**resource.at("spec").mapping, "template": template, "generators": ()}
    return Resource.of(resource.key, {**resource.body, "spec": spec}, resource.source)


def _without_empty(value: Body) -> Body:
    """Return a mapping without what counts as not set, at any depth."""
    filled_in = {
        name: _without_empty(item) if isinstance(item, Mapping) else item
        for name, item in value.items()
    }
    return {name: item for name, item in filled_in.items() if item}
