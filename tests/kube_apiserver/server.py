"""A real kube-apiserver with etcd on loopback, for as long as a test runs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import requests
import yaml

_TOKEN: Final = "admin-of-the-test"
_READY: Final = 120.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and an administrator's session."""

    address: str
    session: requests.Session = field(repr=False)

    def apply(self, path: str, body: Mapping[str, Any], *, dry_run: bool) -> requests.Response:
        """Server-side apply with strict field validation."""
        query = {"fieldManager": "test", "force": "true", "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        return self.session.patch(
            f"{self.address}{path}",
            params=query,
            data=yaml.safe_dump(body, sort_keys=False),
            headers={"Content-Type": "application/apply-patch+yaml"},
            timeout=60,
        )

    def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Create an object; the server's answer."""
        answer = self.session.post(f"{self.address}{path}", json=body, timeout=60)
        return dict(answer.json())


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    """A server on free ports; skips the test where its programs are not here."""
    binary, etcd = os.environ.get("FAIRLEAD_KUBE_APISERVER"), shutil.which("etcd")
    if binary is None or etcd is None:
        pytest.skip("etcd or FAIRLEAD_KUBE_APISERVER is missing")
    ports = [_free_port() for _ in range(3)]
    store = f"http://127.0.0.1:{ports[0]}"
    (folder / "tokens.csv").write_text(f'{_TOKEN},admin,admin,"system:masters"\n')
    key = folder / "account.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    commands = (
        [
            *(etcd, "--data-dir", str(folder / "etcd"), "--listen-client-urls", store),
            *("--advertise-client-urls", store),
            *("--listen-peer-urls", f"http://127.0.0.1:{ports[1]}"),
        ],
        [
            *(binary, "--etcd-servers", store, "--secure-port", str(ports[2])),
            *("--bind-address", "127.0.0.1", "--cert-dir", str(folder / "certificates")),
            *("--authorization-mode", "RBAC", "--token-auth-file", str(folder / "tokens.csv")),
            *("--service-account-issuer", "https://test", "--allow-privileged=true"),
            *("--service-account-key-file", str(key)),
            *("--service-account-signing-key-file", str(key)),
            *("--service-cluster-ip-range", "10.96.0.0/16"),
            *("--disable-admission-plugins", "ServiceAccount"),
        ],
    )
    processes = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        for command in commands
    ]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {_TOKEN}"
    session.verify = False
    session.trust_env = False
    try:
        server = Server(f"https://127.0.0.1:{ports[2]}", session)
        _wait(server)
        yield server
    finally:
        session.close()
        for process in reversed(processes):
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: Server) -> None:
    deadline = time.monotonic() + _READY
    while time.monotonic() < deadline:
        try:
            if server.session.get(f"{server.address}/readyz", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)
    pytest.fail("the server was not ready in time")
