"""Argo CD's ApplicationSets: the Applications that a repository alone says they make."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from bot.core.resource import Resource
from bot.core.values import Body, mapping, sequence, text
from bot.errors import UnbuildableError
from bot.kubernetes.gitops.argocd_source import Application
from bot.kubernetes.gitops.field_positions import FieldPositions
from bot.kubernetes.gitops.generators import MOST_SETS, Generators
from bot.kubernetes.gitops.repositories import Own
from bot.kubernetes.gitops.templates import Parameters, filled
from bot.kubernetes.gitops.yaml_texts import merged


def applications_of(resource: Resource, places: FieldPositions, own: Own) -> Iterator[Application]:
    """The Applications of a set, each for one of its sets of parameters.

    Where a generator cannot be evaluated, its parameters are not known and neither is what they
    fill in: a path with such a part stands for every directory that it fits.
    """
    found = _made(resource, places, own)
    seen: set[str] = set()
    for application in islice(found, MOST_SETS):
        mark = repr((application.name, application.spec, application.hindrances))
        if mark not in seen:
            seen.add(mark)
            yield application


def _made(resource: Resource, places: FieldPositions, own: Own) -> Iterator[Application]:
    spec = resource.at("spec")
    go = spec["goTemplate"].value is True
    patch = text(spec["templatePatch"].value)
    hindrances = ("its ApplicationSet patches it by a template",) if patch else ()
    generators = Generators(places, own, go)
    for generator in map(mapping, sequence(spec["generators"].value)):
        template = _template(generator, spec["template"].mapping)
        try:
            for parameters in generators.sets(generator):
                yield _application(resource, template, parameters, hindrances, go=go)
        except UnbuildableError as error:
            why = (*hindrances, f"its ApplicationSet cannot be evaluated: {error}")
            yield _application(resource, template, Parameters(opens=True), why, go=go)


def _template(generator: Body, template: Body) -> Body:
    """The set's template, with the generator's own laid over it."""
    own = next(
        (
            mapping(held).get("template")
            for held in generator.values()
            if "template" in mapping(held)
        ),
        None,
    )
    return merged(template, mapping(own))


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
    )
