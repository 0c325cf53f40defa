"""A PostgreSQL server of the test run, if one is installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from bot.standin.service_process import wait_until


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a database of this test run."""
    if not (shutil.which("initdb") and shutil.which("postgres")):
        pytest.skip("there is no PostgreSQL here")
    with server() as url:
        yield url


@contextmanager
def server() -> Iterator[str]:
    """A running server; the address of its database."""
    found = shutil.which("initdb"), shutil.which("postgres")
    # Not below pytest's own directory, which each new session closes to other users.
    home = Path(tempfile.mkdtemp(prefix="fairlead-postgres-"))
    # PostgreSQL does not run as root.
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        shutil.chown(home, user)
    data = home / "data"
    subprocess.run(
        [found[0] or "", "-D", data, "-U", "fairlead", "-A", "trust", "--no-sync"],
        check=True,
        capture_output=True,
        user=user,
        cwd=home,
    )
    process = subprocess.Popen(
        [found[1] or "", "-D", data, "-k", home, "-c", "listen_addresses=", "-c", "fsync=off"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        cwd=home,
    )
    try:
        url = f"postgresql://fairlead@/postgres?host={home}"
        assert wait_until(lambda: _answers(url), 120)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        shutil.rmtree(home)


def _answers(url: str) -> bool:
    """Whether the server takes connections: its socket is there before it does."""
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
