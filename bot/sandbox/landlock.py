"""Landlock: which files a process can still reach, and that it reaches no network.

https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.errors import SandboxError
from bot.sandbox.calls import syscall

# The numbers of these are the same on every architecture.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_NET_PORT: Final = 2
_CONNECT_TCP: Final = 2
# Access rights by ABI: files 1 to 13, REFER (2), TRUNCATE (3), IOCTL_DEV (5); TCP (4); scopes (6).
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NETWORK_SINCE: Final = 4
SCOPES_SINCE: Final = 6
"""Since this ABI, a confined process cannot signal others."""

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIRECTORY = 1, 2, 4, 8
_REMOVE_DIRECTORY, _REMOVE_FILE, _MAKE_DIRECTORY, _MAKE_REGULAR, _TRUNCATE = 16, 32, 128, 256, 16384
_ON_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_READ: Final = _READ_FILE | _READ_DIRECTORY
_WRITE: Final = (
    _READ
    | _WRITE_FILE
    | _TRUNCATE
    | _REMOVE_DIRECTORY
    | _REMOVE_FILE
    | _MAKE_DIRECTORY
    | _MAKE_REGULAR
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The files and folders, with all below them, that a process may still reach.

    `connect` are the TCP ports that it may connect to. With any, it is a process that fetches: it
    may use the Internet and start other programs, which are confined as it is.
    """

    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    execute: tuple[Path, ...] = ()
    connect: tuple[int, ...] = ()


def landlock_version() -> int:
    """The ABI version of this kernel's Landlock, 0 where there is none."""
    return max(syscall(_CREATE_RULESET, 0, 0, _VERSION), 0)


def restrict_files(abi: int, allowed: Allowed) -> None:
    """A rule set that handles everything its ABI knows and allows of it what is named.

    Raises SandboxError where the kernel offers Landlock and then refuses it.
    """
    rights = (1 << _FILE_RIGHTS[min(abi, max(_FILE_RIGHTS))]) - 1
    with _ruleset(abi, rights) as rules:
        for paths, access in (
            (allowed.read, _READ),
            (allowed.write, _WRITE),
            (allowed.execute, _EXECUTE | _READ_FILE),
        ):
            for path in paths:
                _allow(rules, path, access & rights)
        if abi >= _NETWORK_SINCE:
            for port in allowed.connect:
                _allow_port(rules, port)
        if syscall(_RESTRICT_SELF, rules, 0, 0) != 0:
            raise SandboxError("Landlock is there but refused the rules of the sandbox")


@contextmanager
def _ruleset(abi: int, rights: int) -> Iterator[int]:
    network = 0b11 if abi >= _NETWORK_SINCE else 0
    scopes = 0b11 if abi >= SCOPES_SINCE else 0
    attributes = struct.pack("=QQQ", rights, network, scopes)
    size = 8 if abi < _NETWORK_SINCE else 16 if abi < SCOPES_SINCE else 24
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    rules = syscall(_CREATE_RULESET, ctypes.byref(buffer), size, 0)
    if rules < 0:
        raise SandboxError("Landlock is there but refused to make the rules of the sandbox")
    try:
        yield rules
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        on_this = rights if path.is_dir() else rights & _ON_FILES
        attributes = struct.pack("=Qi", on_this, place)
        buffer = ctypes.create_string_buffer(attributes, len(attributes))
        if syscall(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(buffer), 0) != 0:
            raise SandboxError(f"Landlock refused a rule for {str(path)!r}")
    finally:
        os.close(place)


def _allow_port(rules: int, port: int) -> None:
    buffer = ctypes.create_string_buffer(struct.pack("=QQ", _CONNECT_TCP, port), 16)
    if syscall(_ADD_RULE, rules, _NET_PORT, ctypes.byref(buffer), 0) != 0:
        raise SandboxError(f"Landlock refused a rule for port {port}")
