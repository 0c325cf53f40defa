"""A PostgreSQL server of a test run's own, where there is one to start."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from bot.standin.demo import wait_until


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database of this test run's own."""
    found = shutil.which("initdb"), shutil.which("postgres")
    if None in found:
        pytest.skip("there is no PostgreSQL here")
    home = tmp_path_factory.mktemp("postgres")
    # PostgreSQL does not run as root.
    user = "nobody" if os.geteuid() == 0 else None
    for directory in (home, *home.parents[:3]):
        directory.chmod(0o755)
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
    server = subprocess.Popen(
        [found[1] or "", "-D", data, "-k", home, "-c", "listen_addresses=", "-c", "fsync=off"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        cwd=home,
    )
    try:
        url = f"postgresql://fairlead@/postgres?host={home}"
        assert wait_until(lambda: _answers(url), 30)
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def _answers(url: str) -> bool:
    """Whether the server takes connections: its socket is there before it does."""
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
