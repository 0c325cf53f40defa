"""The process that fetches: it reads references from standard input and writes into one folder.

Its environment holds only the operator's proxy and certificate settings. It confines itself before
it opens any connection, and reports each item as soon as its outcome is known. The service that
started it checks everything that it writes and reports.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final, NoReturn

import msgspec
import requests

from bot.errors import FetchError, GitError
from bot.fetch.addresses import AllowedHosts
from bot.fetch.kinds import fetch_item
from bot.fetch.limits import FetchLimits
from bot.fetch.messages import MEBIBYTE, FetchItem, FetchOrder, ItemResult, ItemStatus
from bot.git.command import arguments, environment
from bot.sandbox import Allowed, confine

MAX_ORDER: Final = MEBIBYTE
_THREADS: Final = 4
_MEMORY: Final = 768 * MEBIBYTE
_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
# Name resolution, certificates, and the C library's configuration of both.
_READ: Final = (
    "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
    "/etc/services", "/etc/localtime", "/dev/urandom",
    "/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/openssl.cnf",
    "/etc/pki/ca-trust", "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/tls/openssl.cnf",
    "/etc/crypto-policies", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
)  # fmt: skip
_PACKAGE: Final = Path(__file__).resolve().parents[2]
_NULL: Final = Path("/dev/null")


def main() -> NoReturn:
    """Carry out the order on standard input, and exit."""
    try:
        order = msgspec.json.decode(sys.stdin.buffer.read(MAX_ORDER), type=FetchOrder)
        _limit(order)
        hosts = AllowedHosts(tuple(order.hosts))
        limits = FetchLimits(hosts, order.bounds, account=order.account)
        state = confine(_allowed(order, limits))
        if order.require_sandbox and not state.complete:
            message = "the sandbox is not complete on this machine"
            _report(ItemResult(-1, "unavailable", message=message))
        else:
            _fetch_all(order, limits)
    except BaseException as error:  # noqa: BLE001 - the service reports any failure by its name
        _report(ItemResult(-1, "failed", message=_failure(error)))
        os._exit(1)
    os._exit(0)


def _fetch_all(order: FetchOrder, limits: FetchLimits) -> None:
    with ThreadPoolExecutor(_THREADS) as pool:
        futures = [
            pool.submit(_result, number, item, Path(order.staging) / item.folder, limits)
            for number, item in enumerate(order.items)
        ]
        for future in as_completed(futures):
            _report(future.result())


def _result(number: int, item: FetchItem, folder: Path, limits: FetchLimits) -> ItemResult:
    try:
        return fetch_item(number, item, folder, limits)
    except FetchError as error:
        status: ItemStatus = "refused" if error.refused else "limit" if error.limit else "failed"
        return ItemResult(number, status, message=str(error), passing=error.passing)
    except GitError as error:
        return ItemResult(number, "failed", message=str(error))
    except MemoryError:
        return ItemResult(number, "limit", message="it needs more memory than is allowed")
    except Exception as error:  # noqa: BLE001 - one host's answer must not end the other fetches
        return ItemResult(number, "failed", message=_failure(error))


def _failure(error: BaseException) -> str:
    return f"the fetching process failed with {type(error).__name__}"


def _report(result: ItemResult) -> None:
    data = memoryview(msgspec.json.encode(result) + b"\n")
    while data:
        data = data[os.write(1, data) :]


def _limit(order: FetchOrder) -> None:
    largest = max(order.bounds.pack, order.bounds.unpacked)
    for name, most in (
        (resource.RLIMIT_CPU, max(10, round(2 * order.bounds.seconds))),
        (resource.RLIMIT_DATA, _MEMORY),
        (resource.RLIMIT_AS, 8 * _MEMORY),
        (resource.RLIMIT_FSIZE, largest),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        _, hard = resource.getrlimit(name)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (bound, bound))


def _allowed(order: FetchOrder, limits: FetchLimits) -> Allowed:
    """The sandbox's rules: write the staging folder; read and run Python, git and libraries."""
    libraries = tuple(_existing(_LIBRARIES))
    return Allowed(
        read=(
            *(path for path in libraries if path.is_dir()),
            *_existing((*_code(), *_READ, limits.certificates)),
        ),
        write=(Path(order.staging), _NULL),
        execute=(*_git(), *libraries),
        connect=tuple(sorted({443, 53, *limits.hosts.ports, *limits.proxy_ports()})),
    )


def _code() -> Iterator[str]:
    """Where Python finds its modules; of this package's parent only `bot` itself.

    The parent may be a checkout that has the service's data in it.
    """
    yield from (sys.base_prefix, str(_PACKAGE / "bot"), str(Path(requests.__file__).parents[1]))
    yield from (path for path in sys.path if path and Path(path).resolve() != _PACKAGE)


def _existing(names: tuple[str | None, ...]) -> Iterator[Path]:
    for name in names:
        if name and Path(name).is_absolute() and os.access(name, os.R_OK):
            yield Path(name)


def _git() -> Iterator[Path]:
    """The git program and the directory of its subcommands."""
    program = shutil.which("git", path=os.defpath)
    if program is None:
        raise GitError("git is not installed")
    result = subprocess.run(  # noqa: S603 - git itself, with a constant argument
        arguments(["--exec-path"]), env=environment(), capture_output=True, check=True, timeout=30
    )
    yield from (Path(program).resolve(), Path(result.stdout.decode().strip()))
