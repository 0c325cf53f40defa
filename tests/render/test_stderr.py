"""What a renderer complained of, as one sentence."""

from __future__ import annotations

import pytest

from bot.render.stderr import last_error

FOLDERS = {"../tree": "", "/w/tree": "", "/w/wrapper": "the root"}
TREE = (
    "accumulating resources: accumulation err='accumulating resources from '../tree/a': read "
    "/w/tree/a: is a directory': recursed accumulation of path '/w/tree/a': "
)


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        pytest.param("", "it gave no reason", id="nothing"),
        pytest.param("  Error: x\n", "x", id="one line"),
        pytest.param("WARN y\nError: x\n\nUse --debug flag to render", "x", id="Helm's advice"),
        pytest.param("Error: old\nError: a\n  b\tc\n", "a b c", id="the last, on one line"),
        pytest.param("Error: \x1b[31ma\x07\u202eb\n", "[31ma b", id="what cannot be printed"),
        pytest.param(f"Error: {TREE}x", "in 'a': x", id="our folders and layers"),
        pytest.param(
            f'E1201 03:16:41.229786   16527 run.go:72] "command failed" err="{TREE}x"\n',
            "in 'a': x",
            id="kubectl's log line",
        ),
        pytest.param("Error: at /w/wrapper: x", "at the root: x", id="the wrapper"),
        pytest.param(
            f"Error: {TREE}trouble configuring builtin PatchTransformer with config: `\n"
            "patch: |\n  password: hunter2\n`: no matches for Id",
            "in 'a': trouble configuring builtin PatchTransformer: no matches for Id",
            id="a patch, which may be of a Secret",
        ),
        pytest.param(
            "Error: open /etc/x: permission denied",
            "open /etc/x: permission denied "
            "(a build can read only the files that the root consists of)",
            id="explained",
        ),
        pytest.param("Error: " + "x" * 1000, "x" * 399 + "…", id="long"),
    ],
)
def test_a_complaint_is_one_sentence(errors: str, said: str) -> None:
    assert last_error(errors, FOLDERS) == said


def test_layers_without_end_take_no_time() -> None:
    said = last_error("Error: " + TREE * 2000, FOLDERS)

    assert (said[:8], len(said)) == ("in 'a': ", 400)
