"""Objects that limit others, about which a chart's template newly lets the cluster decide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.template_decision import TemplateDecision
from rules.chart_output_nondeterministic import compare
from tests.states import world

QUOTA = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: few, namespace: shop}\n"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: few, namespace: shop}\n"
MESSAGE = (
    "Capabilities decides ResourceQuota shop/few only when the chart is applied, so the cluster may"
    " get something other than what was reviewed"
)


@pytest.mark.parametrize(
    ("base", "head", "kinds", "expected"),
    [
        pytest.param(QUOTA, QUOTA, ("ResourceQuota",), [(MESSAGE, "error")], id="a limit of base"),
        pytest.param(QUOTA, QUOTA, ("*",), [(MESSAGE, "error")], id="a template that is included"),
        pytest.param(CONFIG, QUOTA, ("ResourceQuota",), [], id="a limit that base does not have"),
        pytest.param(QUOTA, QUOTA, ("Pod",), [], id="another object of the template"),
        pytest.param(CONFIG, CONFIG, ("ConfigMap",), [], id="an object that limits nobody"),
    ],
)
def test_a_limit_of_base_must_not_depend_on_an_answer(
    base: str, head: str, kinds: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    after = world(head)
    path = after.resources[0].source.path
    decision = TemplateDecision(path, 1, "Capabilities", (), "if .Capabilities.A", kinds)
    elsewhere = replace(decision, path="other.yaml")
    after = replace(after, template_decisions=(decision, elsewhere))
    findings = compare(world(base), after, None)
    assert [(found.message, str(found.severity)) for found in findings] == expected
