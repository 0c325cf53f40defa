"""What a task reports while it works: durations of its stages, and the result of a review."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from bot.core.engine.review import Review


class Observer(Protocol):
    """Receives measurements: `bot.metrics` and `bot.tracing` in the service, nobody elsewhere."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Measure a stage of a review: `fetch`, `analyse` or `publish`."""

    def requested(self, number: int) -> None:
        """A task ended its connection to GitHub after this many requests."""

    def reviewed(self, review: Review) -> None:
        """A review was published."""

    def audited(self, event: str) -> None:
        """An event was added to the audit log."""


class NoObserver:
    """Discards every measurement."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure nothing."""
        del name
        yield

    def requested(self, number: int) -> None:
        """Count nothing."""

    def reviewed(self, review: Review) -> None:
        """Count nothing."""

    def audited(self, event: str) -> None:
        """Count nothing."""
