"""Charts that do not come out the same each time: upgrades, passwords, dates. By the real Helm."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.analysis.examine import MemoryBlobs, examine_trees
from bot.core.engine.review import Analysis, Location
from bot.core.rendering import Renderer
from bot.core.state import changes
from bot.core.states import States, states_of
from bot.render.programs import Binary
from bot.render.renderers import Renderers
from tests.analysis.rules import every_value, find_rule
from tests.states import Files, Grove, resource
from tests.tools import renderer_binaries

VALUES = find_rule("every-value", every_value)
CHART: Files = {"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n"}
TEMPLATE = "web/templates/a.yaml"


@pytest.fixture(scope="session")
def binaries() -> Mapping[Renderer, Binary]:
    return renderer_binaries()


def chart(*lines: str) -> Files:
    """A chart with one template, a ConfigMap whose data are these lines."""
    return {**CHART, TEMPLATE: resource("ConfigMap", "web", "data:", *lines)}


def analysed(base: Files, head: Files, binaries: Mapping[Renderer, Binary]) -> Analysis:
    grove = Grove(base, head)
    builder = Renderers(MemoryBlobs(grove.blobs), binaries)
    return examine_trees(grove.question(), grove.content(), (VALUES,), builder)


def states(base: Files, head: Files, binaries: Mapping[Renderer, Binary]) -> States:
    grove = Grove(base, head)
    asked = grove.question()
    builder = Renderers(MemoryBlobs(grove.blobs), binaries)
    return states_of(asked.base, asked.head, grove.content(), asked.policy, builder=builder)


def told(found: Analysis) -> list[tuple[str, Location | None]]:
    return [(held.message, held.location) for held in found.findings]


def said(found: Analysis) -> list[tuple[str, bool, Location | None]]:
    return [(held.message, held.new, held.location) for held in found.problems]


@pytest.mark.parametrize("asks", ["IsUpgrade", "IsInstall"])
def test_what_only_one_of_the_two_gives_is_found_on_its_line(
    asks: str, binaries: Mapping[Renderer, Binary]
) -> None:
    base = chart("  a: x")
    head = chart("  a: x", "  {{- if .Release." + asks + " }}", "  hidden: x", "  {{- end }}")

    found = analysed(base, head, binaries)

    assert told(found) == [("ConfigMap/default/web has hidden", Location(TEMPLATE, 7, "RIGHT"))]
    assert (found.problems, found.summary.resources.changed) == (
        (),
        int(asks == "IsInstall"),
    )


def test_what_both_give_in_different_ways_is_one_finding(
    binaries: Mapping[Renderer, Binary],
) -> None:
    base = chart("  a: x")
    head = chart("  a: x", "  b: {{ .Release.IsUpgrade | quote }}")

    found = analysed(base, head, binaries)

    assert told(found) == [("ConfigMap/default/web has b", Location(TEMPLATE, 6, "RIGHT"))]


def test_an_object_that_only_an_upgrade_brings_is_judged(
    binaries: Mapping[Renderer, Binary],
) -> None:
    base = chart("  a: x")
    more = resource("ConfigMap", "more", "data:", "  b: x")
    hidden = '{{ if index .Release (print "Is" "Upgrade") }}\n' + more + "{{ end }}\n"

    found = analysed(base, {**base, "web/templates/b.yaml": hidden}, binaries)

    assert told(found) == [
        ("ConfigMap/default/more has b", Location("web/templates/b.yaml", 6, "RIGHT"))
    ]


REFUSES = '  {{- if .Release.IsUpgrade }}{{ fail "no password" }}{{ end }}'


def test_an_upgrade_that_head_makes_fail_is_a_new_problem(
    binaries: Mapping[Renderer, Binary],
) -> None:
    found = analysed(chart("  a: x"), chart("  a: x", REFUSES), binaries)

    ((message, new, location),) = said(found)
    assert message.startswith(
        "The Helm chart web is not rendered as an upgrade: execution error at "
    )
    assert message.endswith(
        "no password; compare the output of 'helm template --is-upgrade web' for "
        "base and head by hand"
    )
    assert (new, location) == (True, Location("web/Chart.yaml", None, "RIGHT"))


def test_an_upgrade_that_failed_already_is_no_new_problem_and_the_rest_is_judged(
    binaries: Mapping[Renderer, Binary],
) -> None:
    found = analysed(chart("  a: x", REFUSES), chart("  a: x", REFUSES, "  b: x"), binaries)

    assert [held[0] for held in told(found)] == ["ConfigMap/default/web has b"]
    assert [new for _, new, _ in said(found)] == [False]


VOLATILE = (
    "  a: {{ randAlphaNum 20 | quote }}",
    "  b: |",
    "    key = {{ randAlphaNum 20 }}",
    "    mode = %s",
    '  c: {{ now | date "2006-01-02T15:04:05.000000000" | quote }}',
    "---",
    "apiVersion: batch/v1",
    "kind: Job",
    "metadata: {name: 'job-{{ randAlphaNum 12 | lower }}'}",
    "---",
    "apiVersion: v1",
    "kind: Secret",
    "metadata: {name: tls}",
    'data: {key: {{ genPrivateKey "ecdsa" | b64enc }}}',
)


def volatile(mode: str) -> Files:
    return chart(*(line % mode if "%s" in line else line for line in VOLATILE))


def test_what_is_another_each_time_is_no_difference(binaries: Mapping[Renderer, Binary]) -> None:
    base = volatile("safe")
    head = {**base, "web/templates/more.yaml": resource("ConfigMap", "more")}

    found = states(base, head, binaries)

    ((pair),) = found.pairs
    assert [str(held.key) for held in changes(pair.before, pair.after)] == [
        "ConfigMap/default/more"
    ]
    assert (found.upgrades, found.troubles) == ((), ())


def test_what_stands_beside_it_is_a_difference(binaries: Mapping[Renderer, Binary]) -> None:
    found = states(volatile("safe"), volatile("open"), binaries)

    ((pair),) = found.pairs
    ((change),) = changes(pair.before, pair.after)
    assert change.after is not None
    assert str(change.key) == "ConfigMap/default/web"
    assert (change.after.at("data", "b").text or "").endswith("mode = open\n")


def test_a_field_that_decides_and_is_made_anew_each_time_is_a_problem_once(
    binaries: Mapping[Renderer, Binary],
) -> None:
    pod = "spec:\n  containers:\n  - name: a\n    image: %s"
    base = {**CHART, TEMPLATE: resource("Pod", "web", pod % "a:1", "  hostname: a")}
    image = "a:{{ randAlphaNum 12 }}"
    head = {**CHART, TEMPLATE: resource("Pod", "web", pod % image, "  hostname: a")}
    later = {**CHART, TEMPLATE: resource("Pod", "web", pod % image, "  hostname: b")}

    first, second = analysed(base, head, binaries), analysed(head, later, binaries)

    assert said(first) == [
        (
            (
                "Pod/default/web spec.containers[name=a].image differs each time that Helm "
                "renders it"
            ),
            True,
            Location(TEMPLATE, 7, "RIGHT"),
        )
    ]
    assert said(second) == []
