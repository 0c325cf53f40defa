"""The demo's repository and its two pushes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from bot.standin import EXAMPLE, StandIn
from bot.standin.acts.repositories import files_of


def _resources(part: str) -> Iterator[tuple[str, str]]:
    for path, content in files_of(EXAMPLE / part).items():
        if path.endswith(".yaml") and isinstance(content, bytes):
            for document in yaml.safe_load_all(content):
                yield path, f"{document['kind']}/{document['metadata']['name']}"


@pytest.mark.parametrize("part", ["bad", "fix"])
def test_a_push_changes_the_resources_that_are_there(part: str) -> None:
    assert set(_resources(part)) <= set(_resources("base"))


def test_every_file_of_the_bad_push_is_put_right_by_the_fix() -> None:
    assert set(files_of(EXAMPLE / "bad")) == set(files_of(EXAMPLE / "fix"))


def test_the_fix_leaves_the_release_alone(stand_in: StandIn) -> None:
    repository = stand_in.create_repository("example/gitops", EXAMPLE / "base")
    stand_in.commit(repository, "release", EXAMPLE / "bad")
    head = stand_in.commit(repository, "release", EXAMPLE / "fix")

    changed = repository.git.text("diff", "--name-only", "main", head)

    assert changed == "apps/storefront/deployment.yaml"
