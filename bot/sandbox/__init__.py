"""The sandbox of a process that reads hostile content: Landlock and seccomp, for Linux.

Both take away for good what the process itself no longer needs; neither needs a privilege, so both
work for an unprivileged user in an ordinary container. Nothing here reads a byte of content.
"""

from bot.sandbox.confine import SandboxState, confine, end_with, sandbox_state
from bot.sandbox.landlock import Allowed
from bot.sandbox.proof import proved_state
from bot.sandbox.self_check import still_possible

__all__ = [
    "Allowed",
    "SandboxState",
    "confine",
    "end_with",
    "proved_state",
    "sandbox_state",
    "still_possible",
]
