"""The lock files install with every pip that CPython 3.11 and later bring.

pip 23.2 (of CPython 3.11.5 to 3.11.7) takes a pin of `coverage` for no pin of `coverage[toml]`, and
refuses the lock on the day a newer coverage is released: findings/pip-pins-without-extras.sh.
"""

from __future__ import annotations

from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))


def pins(lock: str) -> dict[str, Requirement]:
    lines = (ROOT / lock).read_text("utf-8").splitlines()
    rows = [Requirement(line.rstrip(" \\")) for line in lines if line and line[0].isalnum()]
    return {canonicalize_name(pin.name): pin for pin in rows}


def wishes(locked: set[str]) -> list[Requirement]:
    """What the locked packages of this environment ask for, where it holds here."""
    texts = [
        text
        for distribution in distributions()
        if canonicalize_name(distribution.metadata["Name"]) in locked
        for text in distribution.requires or ()
    ]
    requirements = [Requirement(text) for text in texts]
    return [
        requirement
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_pin_names_the_extras_that_other_packages_ask_for(lock: str) -> None:
    locked = pins(lock)
    missing = {
        f"{wish.name}[{','.join(sorted(wish.extras))}]"
        for wish in wishes(set(locked))
        if (pin := locked.get(canonicalize_name(wish.name))) and not wish.extras <= pin.extras
    }

    assert missing == set()
