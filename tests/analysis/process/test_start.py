"""The three ways to start a child: one result, nothing inherited, and an end in every case."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bot.analysis.process.channel import Channel
from bot.analysis.process.parent import MEBIBYTE, AnalysisOptions, ChildLimits
from bot.analysis.process.template_client import Template
from bot.errors import AnalysisError
from tests.analysis.process.test_parent import BASE, HEAD, run

ROOT = Path(__file__).parents[3]
REQUIRED = AnalysisOptions(require_sandbox=True)


@pytest.fixture
def template() -> Iterator[Template]:
    with Template() as template:
        yield template


def in_a_fresh_process(script: str, **environment: str) -> str:
    """What the script prints; a process of its own has one thread, as the command line has."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def test_a_copy_of_the_template_answers_what_a_fresh_interpreter_answers(
    template: Template,
) -> None:
    spawned = run(BASE, HEAD, REQUIRED)

    first, second = (run(BASE, HEAD, replace(REQUIRED, start=template.start)) for _ in range(2))

    assert (first, second) == (spawned, spawned)


def test_a_copy_of_the_command_line_answers_what_a_fresh_interpreter_answers() -> None:
    script = """
from bot.analysis.process.parent import AnalysisOptions
from bot.analysis.process.start import fork, spawn
from tests.analysis.process.test_parent import BASE, HEAD, run
forked, spawned = (
    run(BASE, HEAD, AnalysisOptions(require_sandbox=True, start=start)) for start in (fork, spawn)
)
print(forked == spawned, len(forked.findings))
"""
    assert in_a_fresh_process(script) == "True 1\n"


def test_a_copy_keeps_no_environment_and_no_descriptor() -> None:
    script = """
import os
from bot.analysis.process import child
from bot.analysis.process.start import fork
secret = [os.open("pyproject.toml", os.O_RDONLY) for _ in range(9)][-1]
def look(memory, cpu):
    descriptors = [int(name) for name in os.listdir("/proc/self/fd")]
    block = open("/proc/self/environ", "rb").read().strip(b"\\0")
    told = f"{dict(os.environ)} {block} {max(descriptors) < secret} {os.getcwd()}"
    os.write(1, told.encode())
    os._exit(0)
child.main = look
copy = fork(1, 1)
print(os.read(copy.output, 10000).decode(), copy.wait(10))
copy.close()
"""
    assert in_a_fresh_process(script, TOKEN="hunter2") == "{} b'' True / 0\n"


def test_a_process_with_threads_is_not_copied() -> None:
    script = """
import threading
from bot.analysis.process.start import fork
stop = threading.Event()
threading.Thread(target=stop.wait).start()
child = fork(1 << 30, 5)
print(type(child).__name__)
child.kill(); child.wait(10); child.close(); stop.set()
"""
    assert in_a_fresh_process(script) == "_Spawned\n"


def test_several_threads_share_one_template(template: Template) -> None:
    options = replace(REQUIRED, start=template.start)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: run(BASE, HEAD, options), range(8)))

    assert answers == [run(BASE, HEAD, REQUIRED)] * 8


def test_a_template_that_was_killed_is_replaced(template: Template) -> None:
    options = replace(REQUIRED, start=template.start)
    before = run(BASE, HEAD, options)
    assert template.pid is not None
    os.kill(template.pid, signal.SIGKILL)

    assert run(BASE, HEAD, options) == before


def test_a_copy_that_needs_too_much_memory_says_so(template: Template) -> None:
    large = {**HEAD, "large.yaml": "\n".join(f"- {{a: {number}}}" for number in range(400_000))}
    options = AnalysisOptions(start=template.start, limits=ChildLimits(memory=120 * MEBIBYTE))

    with pytest.raises(AnalysisError, match="exceeded its memory limit"):
        run(BASE, large, options)


def test_a_copy_that_takes_too_long_is_ended(template: Template) -> None:
    options = AnalysisOptions(start=template.start, limits=ChildLimits(wall=0.001))

    with pytest.raises(AnalysisError, match="took longer than 0 seconds"):
        run(BASE, HEAD, options)


def test_the_end_of_a_copy_is_reported_as_what_it_was(template: Template) -> None:
    child = template.start(1024 * MEBIBYTE, 10)
    assert child.wait(0) is None
    child.kill()

    assert (child.wait(10), child.wait(0)) == (-signal.SIGKILL, -signal.SIGKILL)
    child.kill()
    child.close()


def test_a_copy_is_waited_for_beside_more_descriptors_than_select_takes() -> None:
    script = """
import os, resource
from bot.analysis.process.template_client import Template
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
taken = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
with Template() as template:
    child = template.start(1 << 30, 10)
    child.kill()
    print(child.wait(10), taken[-1] > 1024)
    child.close()
"""
    assert in_a_fresh_process(script) == "-9 True\n"


def test_copies_end_with_their_template(template: Template) -> None:
    with Channel(1024 * MEBIBYTE, 10, 30, template.start) as channel:
        channel.send(b"")
        assert template.pid is not None
        os.kill(template.pid, signal.SIGKILL)

        with pytest.raises(AnalysisError, match=r"killed by SIGKILL|ended with status 1"):
            channel.receive()
