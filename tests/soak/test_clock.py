"""The skewed clock of the soak's GitHub."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.soak.clock import GitHubClock


class _Machine:
    """A machine's clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 12, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, seconds: float) -> None:
        """Time goes by."""
        self.now += timedelta(seconds=seconds)


def test_stamps_never_fall_whatever_the_offset() -> None:
    machine = _Machine()
    clock = GitHubClock(machine)
    stamps = [clock()]
    for offset in (90, -5, 5, -50, 90, 0):
        clock.skew(offset)
        for _ in range(4):
            machine.passes(3)
            stamps.append(clock())
    assert stamps == sorted(stamps)
    # Two comments that are seconds apart keep their order: the clock slows and never stands.
    assert len(set(stamps)) == len(stamps)


def test_the_clock_arrives_at_the_offset() -> None:
    machine = _Machine()
    clock = GitHubClock(machine)
    clock.skew(90)
    assert clock() - machine.now == timedelta(seconds=90)
    clock.skew(-50)
    assert clock() - machine.now == timedelta(seconds=90)
    machine.passes(2 * 140)
    assert clock() - machine.now == timedelta(seconds=-50)
