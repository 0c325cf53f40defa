"""`bot.patterns.pattern` is `re.compile`, at the first use."""

from __future__ import annotations

import re
import subprocess
import sys

from bot.patterns import compile_patterns, pattern


def test_a_pattern_has_all_that_a_compiled_one_has() -> None:
    ours, theirs = pattern(r"(?P<word>[a-z]+)"), re.compile(r"(?P<word>[a-z]+)")

    assert (ours.sub("x", "ab 1"), ours.groups, ours.pattern) == ("x 1", 1, theirs.pattern)
    assert [found["word"] for found in ours.finditer("ab c")] == ["ab", "c"]
    assert pattern(rb"A", re.IGNORECASE).fullmatch(b"a") is not None


def test_importing_a_review_compiles_few_patterns_and_the_template_all() -> None:
    script = (
        "import re\n"
        "count, compile_ = [], re._compiler.compile\n"
        "def counted(text, flags=0):\n"
        "    count.append(text)\n"
        "    return compile_(text, flags)\n"
        "import ast, inspect, tomllib, yaml, ipaddress, click, msgspec\n"
        "re._compiler.compile = counted\n"
        "from bot.catalog import load_rules\n"
        "import bot.analysis.process.child\n"
        "from bot.patterns import compile_patterns\n"
        "load_rules()\n"
        "imported = len(count)\n"
        "compile_patterns()\n"
        "print(imported < 30, len(count) > 100)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["True", "True"]


def test_compiled_patterns_stay_usable() -> None:
    ours = pattern("a+")
    compile_patterns()

    assert ours.findall("aab a") == ["aa", "a"]
