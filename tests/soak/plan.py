"""What happens in a soak, as values: the same seed gives the same sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

PEOPLE: Final = ("hubot", "stranger")
"""Who comments: the first may approve what is found, the other may not."""

PATHS: Final = ("api.yaml", "web.yaml", "jobs/sync.yaml")
BASES: Final = ("main", "release")

_SENTENCES: Final = (
    "/fairlead approve all it is on the list",
    "/fairlead approve all it is on the list",
    "/fairlead recheck",
    "/fairlead help",
    "Looks good to me.",
)
_EVENTS: Final = ("pull_request", "issue_comment", "push", "check_run", "merge_group")
_REQUESTS: Final = (
    ("POST", "/check-runs$"),
    ("PATCH", "/check-runs/"),
    ("POST", r"/pulls/\d+/reviews$"),
    ("GET", r"/pulls/\d+/files$"),
    ("GET", r"/pulls/\d+$"),
    ("DELETE", "/pulls/comments/"),
    ("POST", "/access_tokens$"),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a soak is: `acts` happen a pull request, `kills` in all."""

    pulls: int
    repositories: int
    acts: int = 6
    kills: int = 2


@dataclass(frozen=True, slots=True)
class Open:
    """A pull request of this number in the plan, in a repository, with its first change."""

    pull: int
    repository: int
    path: str
    bad: bool


@dataclass(frozen=True, slots=True)
class Push:
    """One more commit on a pull request's branch; `forced` forgets those before."""

    pull: int
    path: str
    bad: bool
    forced: bool
    lines: int


@dataclass(frozen=True, slots=True)
class Retarget:
    """Another base branch."""

    pull: int
    base: str


@dataclass(frozen=True, slots=True)
class Say:
    """A person's comment in the conversation."""

    pull: int
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A person's answer in the thread of a finding, if there is one."""

    pull: int
    by: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A person's review by GitHub's own button."""

    pull: int
    by: str
    event: str


@dataclass(frozen=True, slots=True)
class Rerun:
    """Somebody presses "Re-run"."""

    pull: int


@dataclass(frozen=True, slots=True)
class Toggle:
    """The pull request closed, or opened again."""

    pull: int


@dataclass(frozen=True, slots=True)
class Queue:
    """The pull request into the merge queue, or its group out of it."""

    pull: int


@dataclass(frozen=True, slots=True)
class Lose:
    """The next delivery of an event does not arrive."""

    event: str


@dataclass(frozen=True, slots=True)
class Twice:
    """The next delivery of an event arrives twice."""

    event: str


@dataclass(frozen=True, slots=True)
class Late:
    """One delivery that did not arrive does so now, after what came later."""


@dataclass(frozen=True, slots=True)
class Weather:
    """The next requests of a kind fail, act without an answer, or are too many."""

    method: str
    path: str
    status: int
    times: int
    lost: bool


@dataclass(frozen=True, slots=True)
class Kill:
    """The service's process gets SIGKILL."""


@dataclass(frozen=True, slots=True)
class Start:
    """The service runs again on what the killed one left."""


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody merges something else: a base branch moves under the open pull requests."""

    repository: int
    base: str
    path: str
    bad: bool


@dataclass(frozen=True, slots=True)
class Damage:
    """A pack of a repository's mirror is overwritten."""

    repository: int


@dataclass(frozen=True, slots=True)
class Disk:
    """The service's disk is full from now on, or has space again."""

    full: bool


@dataclass(frozen=True, slots=True)
class Skew:
    """GitHub's clock is so many seconds ahead of the service's; negative: behind.

    GitHub's stamps never fall: towards a smaller offset its clock runs at half speed.
    """

    seconds: int


Act = (
    Open | Push | Retarget | Say | Reply | Seen | Rerun | Toggle | Queue | Move
    | Lose | Twice | Late | Weather | Damage | Disk | Skew | Kill | Start
)  # fmt: skip


def plan(seed: int, shape: Shape) -> Iterator[Act]:
    """Everything that happens, in order."""
    random = Random(seed)  # noqa: S311 - a sequence that can be had again, no secret
    steps = shape.pulls * shape.acts
    # The rest of the steps is left for what happens to the last ones opened.
    opened_at = sorted(random.sample(range(max(steps * 4 // 5, shape.pulls)), shape.pulls))
    killed_at = set(random.sample(range(steps), min(shape.kills, steps)))
    pulls, down = 0, 0
    for step in range(steps):
        if pulls < shape.pulls and (step >= opened_at[pulls] or not pulls):
            yield Open(pulls, random.randrange(shape.repositories), _path(random), _coin(random))
            pulls += 1
        else:
            yield _act(random, random.randrange(pulls), shape.repositories)
        if down:
            down -= 1
            if not down:
                yield Start()
        elif step in killed_at:
            yield Kill()
            down = random.randint(1, 4)
    if down:
        yield Start()


def _act(random: Random, pull: int, repositories: int) -> Act:
    makers = (*_ACTS, None)
    make = random.choices(makers, (*_ACTS.values(), _TROUBLE))[0]
    return _trouble(random, repositories) if make is None else make(random, pull)


def _trouble(random: Random, repositories: int) -> Act:
    kind = random.randrange(8)
    repository = random.randrange(repositories)
    if kind < 3:
        return Move(repository, random.choice(BASES), _path(random), _coin(random))
    if kind == 3:
        return Damage(repository)
    if kind == 4:
        return Disk(full=True)
    if kind < 7:
        return Disk(full=False)
    return Skew(random.choice((-50, -5, 5, 90)))


def _push(random: Random, pull: int) -> Act:
    forced = random.random() < 0.2
    return Push(pull, _path(random), _coin(random), forced, random.randrange(4))


def _retarget(random: Random, pull: int) -> Act:
    return Retarget(pull, random.choice(BASES))


def _talk(random: Random, pull: int) -> Act:
    by = random.choice(PEOPLE)
    kind = random.randrange(5)
    if kind == 0:
        return Reply(pull, by)
    if kind == 1:
        return Seen(pull, by, random.choice(("APPROVE", "COMMENT")))
    return Say(pull, by, random.choice(_SENTENCES))


def _press(random: Random, pull: int) -> Act:
    return random.choices((Rerun, Toggle, Queue), (3, 2, 4))[0](pull)


def _weather(random: Random, _pull: int) -> Act:
    kind = random.randrange(6)
    if kind == 0:
        return Lose(random.choice(_EVENTS))
    if kind == 1:
        return Twice(random.choice(_EVENTS))
    if kind == 2:
        return Late()
    method, path = random.choice(_REQUESTS)
    status = random.choice((500, 502, 503, 403, 429))
    return Weather(method, path, status, random.randint(1, 2), lost=_coin(random))


def _coin(random: Random) -> bool:
    return random.random() < 0.5


def _path(random: Random) -> str:
    return random.choice(PATHS)


_ACTS: Final[Mapping[Callable[[Random, int], Act], int]] = {
    _push: 30,
    _retarget: 8,
    _talk: 20,
    _press: 18,
    _weather: 24,
}
_TROUBLE: Final = 16
"""The weight of what concerns no single pull request, beside the weights of `_ACTS`."""
