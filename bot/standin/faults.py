"""Faults to order: answers that fail, are late or get lost on the way back."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.standin.errors import DOCUMENTATION


@dataclass(slots=True)
class Fault:
    """What happens to `times` requests whose method and path match, after so many others of them.

    `lost` lets the request act and only then answers with the status: the answer got lost.
    """

    method: str
    path: re.Pattern[str]
    times: int
    status: int | None
    retry_after: int | None
    delay: float
    lost: bool
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str | None = None
    after: int = 0

    @property
    def text(self) -> str:
        """What the body of the failing answer says, as GitHub words it unless told otherwise."""
        if self.message is not None:
            return self.message
        if self.status in (403, 429):
            return (
                "You have exceeded a secondary rate limit. "
                "Please wait a few minutes before you try again."
            )
        return "Server Error"

    @property
    def body(self) -> Mapping[str, object]:
        """The body of the failing answer; GraphQL fails with status 200."""
        if self.status != 200:
            return {"message": self.text, "documentation_url": DOCUMENTATION}
        limited = {"type": "RATE_LIMITED"} if "rate limit" in self.text else {}
        return {"data": None, "errors": [{"message": self.text, **limited}]}


class Faults:
    """The faults that are still to come, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """One more fault, behind those that wait."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """No fault waits."""
        with self._lock:
            self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this request runs into, counted down."""
        with self._lock:
            for fault in self._faults:
                if fault.method in ("*", method) and fault.path.search(path):
                    if fault.after:
                        fault.after -= 1
                        continue
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                    return fault
        return None
