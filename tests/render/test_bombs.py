"""Trees that would take all time and memory: ended within their limits, and said so."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

import pytest

from bot.core.rendering import BuildResult
from bot.render.run import RunLimits
from tests.patience import PATIENCE
from tests.render.building import Outside, build_chart, build_kustomization, leaks

TIGHT: Final = RunLimits(memory=512 * 2**20, output=8 * 2**20, cpu=1, wall=12.0)

_CPU: Final = "it used more than 1 seconds of CPU"
_MEMORY: Final = "it used more than 512 MiB of memory"
_OUTPUT: Final = "it produced more than 8 MiB of output"
_WALL: Final = "it took longer than 12 seconds"

_CONFIG_MAP: Final = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
_ALIASES: Final = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def _resource(text: str) -> dict[str, str]:
    return {"app/kustomization.yaml": "resources: [a.yaml]\n", "app/a.yaml": text}


def _diamonds(levels: int) -> dict[str, str]:
    """Each level lists the next one twice, by two names: twice as many resources."""
    files = {"app/kustomization.yaml": "resources: [../x0]\n", f"x{levels}/a.yaml": _CONFIG_MAP}
    for level in range(levels):
        files[f"x{level}/kustomization.yaml"] = f"resources: [../l{level}, ../r{level}]\n"
        for side in "lr":
            text = f"resources: [../x{level + 1}]\nnamePrefix: {side}-\n"
            files[f"{side}{level}/kustomization.yaml"] = text
    files[f"x{levels}/kustomization.yaml"] = "resources: [a.yaml]\n"
    return files


_KUSTOMIZATIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "aliases of aliases in a resource": _resource(
        f"{_CONFIG_MAP}data:\n" + "".join(f"  {line}\n" for line in _ALIASES.splitlines())
    ),
    "bases in diamonds": _diamonds(18),
    "very many resources": {
        **_resource(
            "---\n".join(_CONFIG_MAP.replace("name: a", f"name: a{n}") for n in range(20_000))
        ),
        "app/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: x-\n",
    },
    "one large file generated a hundred times": {
        "app/kustomization.yaml": "configMapGenerator:\n"
        + "".join(f"- {{name: g{n}, files: [b.txt]}}\n" for n in range(100)),
        "app/b.txt": "x" * 4_000_000,
    },
}


@pytest.mark.parametrize("name", _KUSTOMIZATIONS)
def test_a_kustomization_that_takes_too_much_is_ended(name: str, beside: Outside) -> None:
    started = time.monotonic()

    built = build_kustomization(_KUSTOMIZATIONS[name], limits=TIGHT)

    _assert_ended(built, started, beside, {_CPU, _MEMORY, _WALL})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            f"{_CONFIG_MAP}data: {'[' * 200_000}{']' * 200_000}\n",
            "in 'app': accumulating resources: accumulating resources from 'a.yaml': "
            "MalformedYAMLError: yaml: line 4: exceeded max depth of 10000 in File: a.yaml",
            id="nesting",
        ),
    ],
)
def test_what_kustomize_bounds_itself_is_its_own_error(
    text: str, message: str, beside: Outside
) -> None:
    built = build_kustomization(_resource(text), limits=TIGHT)

    assert built == BuildResult("failed", tool="kustomize 5.8.1", message=message)
    assert leaks(built, beside) == []


_RECURSIVE: Final = '{{ define "a" }}{{ include "a" . }}{{ end }}'
_EXPONENTIAL: Final = (
    "".join(
        f'{{{{ define "a{n}" }}}}{{{{ include "a{n + 1}" . }}}}{{{{ include "a{n + 1}" . }}}}'
        "{{ end }}"
        for n in range(40)
    )
    + '{{ define "a40" }}x{{ end }}'
)


@pytest.mark.parametrize(
    ("template", "messages"),
    [
        pytest.param("{{ range until 2000000000 }}x{{ end }}", {_MEMORY, _CPU}, id="until"),
        pytest.param('{{ repeat 2000000000 "x" }}', {_MEMORY, _CPU}, id="repeat"),
        pytest.param("{{ randAlphaNum 2000000000 }}", {_MEMORY, _CPU}, id="random text"),
        pytest.param(
            '{{ $x := "x" }}{{ range until 64 }}{{ $x = cat $x $x }}{{ end }}{{ len $x }}',
            {_MEMORY, _CPU},
            id="doubling",
        ),
        pytest.param("{{ range until 2000000 }}xxxxxxxx{{ end }}", {_OUTPUT, _CPU}, id="output"),
        pytest.param(
            "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}",
            {_CPU, _WALL},
            id="ranges in ranges",
        ),
        pytest.param('{{ include "a0" . }}', {_CPU, _WALL}, id="exponential includes"),
        pytest.param(
            '{{ range until 10000 }}{{ genPrivateKey "rsa" }}{{ end }}', {_CPU, _WALL}, id="keys"
        ),
        pytest.param("{{ tpl .Values.t . }}", {_CPU, _MEMORY, _WALL}, id="recursive tpl"),
    ],
)
def test_a_chart_that_takes_too_much_is_ended(
    template: str, messages: set[str], beside: Outside
) -> None:
    started = time.monotonic()

    built = build_chart(_chart(template), limits=TIGHT)

    _assert_ended(built, started, beside, messages)


def test_endless_includes_are_helms_own_error(beside: Outside) -> None:
    built = build_chart({**_chart('{{ include "a" . }}'), "chart/templates/_a.tpl": _RECURSIVE})

    assert (built.status, len(built.message)) == ("failed", 400)
    assert "error calling include" in built.message
    assert leaks(built, beside) == []


def _chart(template: str) -> dict[str, str]:
    return {
        "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
        "chart/values.yaml": "t: '{{ tpl .Values.t . }}'\n",
        "chart/templates/_h.tpl": _EXPONENTIAL,
        "chart/templates/a.yaml": f"{_CONFIG_MAP}data:\n  x: |-\n    {template}\n",
    }


def _assert_ended(built: BuildResult, started: float, beside: Outside, messages: set[str]) -> None:
    assert built.status == "limit"
    assert built.message in messages
    assert built.output == b""
    assert leaks(built, beside) == []
    assert time.monotonic() - started < TIGHT.wall + PATIENCE
