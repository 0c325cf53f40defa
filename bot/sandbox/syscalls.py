"""The system calls that a process that reads hostile content has no business with, by number.

From the kernel's own tables, arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h (aarch64), which never change a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Architecture:
    """One architecture: how the kernel names it to a filter, and its numbers."""

    audit: int
    clone: int
    clone3: int
    seccomp: int
    column: int

    def numbers(self, names: Iterable[str]) -> tuple[int, ...]:
        """The numbers of these calls, without those that this architecture does not have."""
        numbers = (_DENIED[name][self.column] for name in names)
        return tuple(number for number in numbers if number is not None)

    @property
    def denied(self) -> tuple[int, ...]:
        """The numbers of every call that a process with two pipes has no business with."""
        return self.numbers(_DENIED)


# name: (x86_64, aarch64), None where an architecture has no such call.
_DENIED: Final[Mapping[str, tuple[int | None, int | None]]] = MappingProxyType(
    {
        # Network
        "socket": (41, 198),
        "socketpair": (53, 199),
        "connect": (42, 203),
        "bind": (49, 200),
        "listen": (50, 201),
        "accept": (43, 202),
        "accept4": (288, 242),
        "sendto": (44, 206),
        "sendmsg": (46, 211),
        "sendmmsg": (307, 269),
        "recvmsg": (47, 212),
        # Files: all that is needed is open already
        "open": (2, None),
        "creat": (85, None),
        "openat": (257, 56),
        "openat2": (437, 437),
        "open_by_handle_at": (304, 265),
        "open_tree": (428, 428),
        "rename": (82, None),
        "renameat": (264, 38),
        "renameat2": (316, 276),
        "link": (86, None),
        "linkat": (265, 37),
        "symlink": (88, None),
        "symlinkat": (266, 36),
        "unlink": (87, None),
        "unlinkat": (263, 35),
        "mkdir": (83, None),
        "mkdirat": (258, 34),
        "rmdir": (84, None),
        "mknod": (133, None),
        "mknodat": (259, 33),
        "truncate": (76, 45),
        "chmod": (90, None),
        "fchmod": (91, 52),
        "fchmodat": (268, 53),
        "fchmodat2": (452, 452),
        "chown": (92, None),
        "fchown": (93, 55),
        "lchown": (94, None),
        "fchownat": (260, 54),
        "utime": (132, None),
        "utimes": (235, None),
        "utimensat": (280, 88),
        "setxattr": (188, 5),
        "lsetxattr": (189, 6),
        "fsetxattr": (190, 7),
        "chdir": (80, 49),
        "fchdir": (81, 50),
        "chroot": (161, 51),
        "memfd_create": (319, 279),
        "inotify_add_watch": (254, 27),
        "fanotify_init": (300, 262),
        # Programs and processes; threads come by `clone`
        "fork": (57, None),
        "vfork": (58, None),
        "execve": (59, 221),
        "execveat": (322, 281),
        "ptrace": (101, 117),
        "process_vm_readv": (310, 270),
        "process_vm_writev": (311, 271),
        "process_madvise": (440, 440),
        "kcmp": (312, 272),
        "kill": (62, 129),
        "tkill": (200, 130),
        "tgkill": (234, 131),
        "rt_sigqueueinfo": (129, 138),
        "rt_tgsigqueueinfo": (297, 240),
        "pidfd_open": (434, 434),
        "pidfd_send_signal": (424, 424),
        "pidfd_getfd": (438, 438),
        "setsid": (112, 157),
        "setpgid": (109, 154),
        "setpriority": (141, 140),
        "sched_setscheduler": (144, 119),
        "ioprio_set": (251, 30),
        "setrlimit": (160, 164),
        "prlimit64": (302, 261),
        # Identity
        "setuid": (105, 146),
        "setgid": (106, 144),
        "setreuid": (113, 145),
        "setregid": (114, 143),
        "setgroups": (116, 159),
        "setresuid": (117, 147),
        "setresgid": (119, 149),
        "setfsuid": (122, 151),
        "setfsgid": (123, 152),
        "capset": (126, 91),
        "personality": (135, 92),
        # Namespaces and mounts
        "unshare": (272, 97),
        "setns": (308, 268),
        "mount": (165, 40),
        "umount2": (166, 39),
        "pivot_root": (155, 41),
        "move_mount": (429, 429),
        "fsopen": (430, 430),
        "fsconfig": (431, 431),
        "fsmount": (432, 432),
        "fspick": (433, 433),
        "mount_setattr": (442, 442),
        # Surfaces of the kernel that nothing here needs
        "bpf": (321, 280),
        "perf_event_open": (298, 241),
        "userfaultfd": (323, 282),
        "io_setup": (206, 0),
        "io_uring_setup": (425, 425),
        "io_uring_enter": (426, 426),
        "io_uring_register": (427, 427),
        "add_key": (248, 217),
        "request_key": (249, 218),
        "keyctl": (250, 219),
        "shmget": (29, 194),
        "shmat": (30, 196),
        "msgget": (68, 186),
        "semget": (64, 190),
        "mq_open": (240, 180),
        "init_module": (175, 105),
        "finit_module": (313, 273),
        "delete_module": (176, 106),
        "kexec_load": (246, 104),
        "kexec_file_load": (320, 294),
        "reboot": (169, 142),
        "swapon": (167, 224),
        "swapoff": (168, 225),
        "acct": (163, 89),
        "quotactl": (179, 60),
        "syslog": (103, 116),
        "settimeofday": (164, 170),
        "clock_settime": (227, 112),
        "clock_adjtime": (305, 266),
        "adjtimex": (159, 171),
        "sethostname": (170, 161),
        "setdomainname": (171, 162),
        "iopl": (172, None),
        "ioperm": (173, None),
        "modify_ldt": (154, None),
        "vhangup": (153, 58),
        "lookup_dcookie": (212, 18),
        "name_to_handle_at": (303, 264),
    }
)


PROGRAM_NEEDS: Final = (
    "open",
    "openat",
    "openat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "truncate",
    "execve",
    "tgkill",
    "prlimit64",
)
"""What a renderer needs beside: files, which Landlock bounds; itself; signals to its threads."""

FETCHER_NEEDS: Final = (
    *PROGRAM_NEEDS,
    "socket",
    "socketpair",
    "connect",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "recvmsg",
    "creat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "rmdir",
    "chmod",
    "fchmod",
    "fchmodat",
    "utime",
    "utimes",
    "utimensat",
    "chdir",
    "fchdir",
    "fork",
    "vfork",
    "kill",
)
"""What a process that fetches needs beside: the Internet, git, and the files that git writes.

Landlock bounds the files, the ports and, from its ABI 6, who is signalled."""

ARCHITECTURES: Final[Mapping[str, Architecture]] = MappingProxyType(
    {
        "x86_64": Architecture(0xC000003E, clone=56, clone3=435, seccomp=317, column=0),
        "aarch64": Architecture(0xC00000B7, clone=220, clone3=435, seccomp=277, column=1),
    }
)
