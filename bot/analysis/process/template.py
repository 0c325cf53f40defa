"""The template: a process without secrets that has imported everything and forks for each review.

It reads nothing of a pull request and has one thread, so a copy of it is as clean as a fresh
interpreter. Each copy confines itself before it reads its first byte (see `child`).
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
from typing import Final, NoReturn

import bot.analysis.process.child
import bot.core.diff.difference
import bot.core.policy.changes  # noqa: F401 - all three: what every copy of this process needs
from bot.analysis.process.start import become_child
from bot.analysis.process.template_client import LIMITS, STATUS
from bot.catalog import load_rules
from bot.patterns import compile_patterns

_DESCRIPTORS: Final = 3


def main(control: int) -> NoReturn:
    """Fork a child for each request that arrives at `control`, a socket, until that closes."""
    load_rules()
    compile_patterns()
    gc.collect()
    gc.freeze()
    try:
        _serve(socket.socket(fileno=control))
    finally:
        # Its children end with it: see `end_with`.
        os._exit(0)


def _serve(control: socket.socket) -> None:
    reports: dict[int, socket.socket] = {}
    wake, waker = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # Not select(): the control socket keeps its number, which a busy service has above 1024.
    poll = select.poll()
    for descriptor in (control.fileno(), wake):
        poll.register(descriptor, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if wake in ready:
            _drain(wake)
            _report_ended(reports)
        if control.fileno() in ready:
            request, descriptors, _, _ = socket.recv_fds(control, LIMITS.size, _DESCRIPTORS)
            if not request:
                return
            _fork(request, descriptors, reports)


def _fork(request: bytes, descriptors: list[int], reports: dict[int, socket.socket]) -> None:
    memory, cpu = LIMITS.unpack(request)
    read, write, report = descriptors
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        become_child(parent, (read, write), (memory, cpu))
    os.close(read)
    os.close(write)
    reports[pid] = socket.socket(fileno=report)
    process = os.pidfd_open(pid)
    try:
        socket.send_fds(reports[pid], [b"\0"], [process])
    except OSError:
        # Whoever asked is gone: nobody will read the answer.
        os.kill(pid, signal.SIGKILL)
    finally:
        os.close(process)


def _report_ended(reports: dict[int, socket.socket]) -> None:
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with reports.pop(pid) as report:
            try:
                report.send(STATUS.pack(os.waitstatus_to_exitcode(status)))
            except OSError:
                continue


def _drain(wake: int) -> None:
    try:
        while os.read(wake, 512):
            continue
    except BlockingIOError:
        return
