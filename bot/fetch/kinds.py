"""What is done for an item, by its kind."""

from __future__ import annotations

from pathlib import Path

from bot.errors import FetchError
from bot.fetch.means import Means
from bot.fetch.places import Place, place_of
from bot.fetch.repositories import bring_commit, tagged
from bot.fetch.wire import Item, Said


def bring(number: int, item: Item, folder: Path, means: Means) -> Said:
    """Bring one item into its folder. Raises FetchError where that cannot be."""
    place = place_of(item.url, means.named)
    if isinstance(place, str):
        raise FetchError(place, refused=True)
    if item.kind == "git":
        return _repository(number, item, place, folder, means)
    raise FetchError(f"nothing of the kind '{item.kind}' is fetched", refused=True)


def _repository(number: int, item: Item, place: Place, folder: Path, means: Means) -> Said:
    wanted = commit = item.version
    if wanted.startswith("refs/"):
        commit = tagged(place, wanted, means)
    if commit in item.held:
        return Said(number, "held", resolved=commit)
    bring_commit(place, wanted, commit, folder, means)
    return Said(number, "brought", resolved=commit, digest=commit, tip=commit)
