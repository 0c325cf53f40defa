"""The process that fetches: told references and nothing else, it writes into one folder.

It is started with the operator's words on proxies and certificates for an environment, confines
itself before it asks anybody anything, and says what came of each item as soon as that is known.
What it writes and says is checked by whoever started it.
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
from bot.fetch.addresses import Named
from bot.fetch.kinds import bring
from bot.fetch.limits import FetchLimits
from bot.fetch.messages import MEBIBYTE, Came, FetchItem, FetchOrder, Said
from bot.git.command import arguments, environment
from bot.sandbox import Allowed, confine

LARGEST_ASK: Final = MEBIBYTE
_AT_ONCE: Final = 4
_MEMORY: Final = 768 * MEBIBYTE
_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
# Names, certificates and what the C library reads to find either.
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
    """Do what standard input asks for, and end."""
    try:
        ask = msgspec.json.decode(sys.stdin.buffer.read(LARGEST_ASK), type=FetchOrder)
        _limit(ask)
        means = FetchLimits(Named(tuple(ask.hosts)), ask.bounds)
        state = confine(_allowed(ask, means))
        if ask.require_sandbox and not state.complete:
            _say(Said(-1, "unavailable", message="the sandbox is not complete on this machine"))
        else:
            _bring_all(ask, means)
    except BaseException as error:  # noqa: BLE001 - whatever it is, whoever started us hears its name
        _say(Said(-1, "failed", message=f"whoever fetches failed with {type(error).__name__}"))
        os._exit(1)
    os._exit(0)


def _bring_all(ask: FetchOrder, means: FetchLimits) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        running = [
            pool.submit(_brought, number, item, Path(ask.staging) / item.folder, means)
            for number, item in enumerate(ask.items)
        ]
        for done in as_completed(running):
            _say(done.result())


def _brought(number: int, item: FetchItem, folder: Path, means: FetchLimits) -> Said:
    try:
        return bring(number, item, folder, means)
    except FetchError as error:
        came: Came = "refused" if error.refused else "limit" if error.limit else "failed"
        return Said(number, came, message=str(error))
    except GitError as error:
        return Said(number, "failed", message=str(error))
    except MemoryError:
        return Said(number, "limit", message="it needs more memory than it may have")
    except Exception as error:  # noqa: BLE001 - what one host answers must not end the others
        return Said(number, "failed", message=f"whoever fetches failed with {type(error).__name__}")


def _say(said: Said) -> None:
    left = memoryview(msgspec.json.encode(said) + b"\n")
    while left:
        left = left[os.write(1, left) :]


def _limit(ask: FetchOrder) -> None:
    largest = max(ask.bounds.pack, ask.bounds.unpacked)
    for name, most in (
        (resource.RLIMIT_CPU, max(10, round(2 * ask.bounds.seconds))),
        (resource.RLIMIT_DATA, _MEMORY),
        (resource.RLIMIT_AS, 8 * _MEMORY),
        (resource.RLIMIT_FSIZE, largest),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        _, hard = resource.getrlimit(name)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (bound, bound))


def _allowed(ask: FetchOrder, means: FetchLimits) -> Allowed:
    """The folder that is written, and what Python, git and their libraries are made of."""
    libraries = tuple(_there(_LIBRARIES))
    return Allowed(
        read=(
            *(path for path in libraries if path.is_dir()),
            *_there((*_code(), *_READ, means.certificates)),
        ),
        write=(Path(ask.staging), _NULL),
        execute=(*_git(), *libraries),
        connect=tuple(sorted({443, 53, *means.named.ports, *means.proxy_ports()})),
    )


def _code() -> Iterator[str]:
    """Where Python finds its modules: of this package's own place, no more than the package.

    What else is there may be a checkout, with the service's data in it.
    """
    yield from (sys.base_prefix, str(_PACKAGE / "bot"), str(Path(requests.__file__).parents[1]))
    yield from (path for path in sys.path if path and Path(path).resolve() != _PACKAGE)


def _there(names: tuple[str | None, ...]) -> Iterator[Path]:
    for name in names:
        if name and Path(name).is_absolute() and os.access(name, os.R_OK):
            yield Path(name)


def _git() -> Iterator[Path]:
    """Git, and the programs that it is made of."""
    found = shutil.which("git", path=os.defpath)
    if found is None:
        raise GitError("git is not here")
    said = subprocess.run(  # noqa: S603 - git itself, with a constant argument
        arguments(["--exec-path"]), env=environment(), capture_output=True, check=True, timeout=30
    )
    yield from (Path(found).resolve(), Path(said.stdout.decode().strip()))
