"""The line that says what is under way."""

from __future__ import annotations

import sys
import threading

import pytest

from bot.cli.output import terminal


def test_on_a_terminal_the_line_is_drawn_in_place_by_no_other_thread(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    threads = threading.active_count()

    with terminal.progress("Comparing base with head") as report:
        report("Fetching \x1b[31mred\nline " + "x" * 50)
        assert threading.active_count() == threads

    start = "\r\x1b[K"
    drawn = f"Fetching [31mredline {'x' * 50}"[:39]
    assert capsys.readouterr().err == f"{start}Comparing base with head{start}{drawn}{start}"


def test_elsewhere_each_further_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.progress("Comparing base with head") as report:
        report("Fetching a chart")

    assert capsys.readouterr().err == "fairlead: Fetching a chart\n"
