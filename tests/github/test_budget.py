"""The budget: one write at a time, and not more than GitHub takes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from bot.github.budget import A_MINUTE, AN_HOUR, CHANGES_A_MINUTE, FOR_PEOPLE, HOUR, MINUTE, Budget


@dataclass
class Time:
    """A clock that goes on when somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def budget(time: Time, pause: float = 0.0) -> Budget:
    return Budget(pause, time.read, time.sleep)


def test_only_content_counts_as_content_and_every_write_counts(time: Time) -> None:
    held = budget(time)
    for _ in range(A_MINUTE):
        with held.writing(1, content=False):
            pass
    assert held.seconds_to_wait(1, "review") == 0
    for _ in range(CHANGES_A_MINUTE - A_MINUTE):
        with held.writing(1, content=False):
            pass
    assert held.seconds_to_wait(1, "review") == MINUTE
    assert held.seconds_to_wait(1, "announcement") == MINUTE
    assert held.written() == {1: CHANGES_A_MINUTE}


def test_reviews_leave_room_for_checks_in_progress(time: Time) -> None:
    held = budget(time)
    for _ in range(CHANGES_A_MINUTE - 1):
        with held.writing(1, content=False):
            pass
    assert (held.seconds_to_wait(1, "review"), held.seconds_to_wait(1, "announcement")) == (
        MINUTE,
        0,
    )


def test_a_check_in_progress_does_not_wait_for_a_limit_of_comments(time: Time) -> None:
    held = budget(time)
    write(held, A_MINUTE)
    assert (held.seconds_to_wait(1, "review"), held.seconds_to_wait(1, "announcement")) == (
        MINUTE,
        0,
    )


def write(held: Budget, times: int, installation: int = 1) -> None:
    for _ in range(times):
        with held.writing(installation):
            pass


def test_writes_of_one_installation_are_apart_and_others_do_not_wait(time: Time) -> None:
    held = budget(time, pause=1.0)
    write(held, 3)
    write(held, 1, installation=2)
    assert time.slept == [0.0, 1.0, 1.0, 0.0]


def test_writes_of_one_installation_are_one_after_the_other(time: Time) -> None:
    held, inside, most = budget(time), [], []
    together = threading.Barrier(4)

    def work() -> None:
        together.wait(10)
        for _ in range(50):
            with held.writing(1):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (200, 1)


def test_nothing_waits_below_the_limits(time: Time) -> None:
    held = budget(time)
    write(held, A_MINUTE - 1)
    assert held.seconds_to_wait(1, "review") == 0
    assert held.seconds_to_wait(2, "patient") == 0


def test_a_full_minute_is_waited_for_and_sweeps_leave_room_for_people(time: Time) -> None:
    held = budget(time)
    write(held, A_MINUTE * 2 // 3)
    assert (held.seconds_to_wait(1, "review"), held.seconds_to_wait(1, "patient")) == (
        0,
        MINUTE,
    )
    time.now += 10
    write(held, A_MINUTE // 2)
    assert held.seconds_to_wait(1, "review") == MINUTE - 10
    time.now += MINUTE
    assert held.seconds_to_wait(1, "patient") == 0


def test_a_full_hour_is_waited_for(time: Time) -> None:
    held = budget(time)
    begun = time.now
    for _ in range(AN_HOUR // 45):
        write(held, 45)
        time.now += MINUTE
    assert held.seconds_to_wait(1, "review") == pytest.approx(begun + HOUR - time.now)
    assert held.written() == {1: AN_HOUR}
    time.now += HOUR
    assert (held.seconds_to_wait(1, "review"), held.written()) == (0, {1: 0})


def test_what_github_says_is_left_is_remembered(time: Time) -> None:
    held = budget(time)
    write(held, 1, installation=2)
    held.note(1, 4999, 60)
    held.note(1, 4998, 60)
    assert held.remaining() == {1: 4998}


def test_the_last_requests_of_an_hour_are_left_to_people(time: Time) -> None:
    held = budget(time)
    held.note(1, FOR_PEOPLE, 600)
    assert held.seconds_to_wait(1, "patient") == 0
    held.note(1, FOR_PEOPLE - 1, 600)
    assert (held.seconds_to_wait(1, "patient"), held.seconds_to_wait(1, "review")) == (
        600,
        0,
    )
    assert held.seconds_to_wait(2, "patient") == 0
    time.now += 600
    assert held.seconds_to_wait(1, "patient") == 0
