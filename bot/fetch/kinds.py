"""What is done for an item, by its kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from bot.errors import FetchError
from bot.fetch import charts
from bot.fetch.addresses import ParsedAddress, place_of
from bot.fetch.archives import Packed, unpacked, without_first
from bot.fetch.limits import FetchLimits
from bot.fetch.messages import FetchItem, Said
from bot.fetch.pack_writer import plant
from bot.fetch.registries import Registry
from bot.fetch.repositories import bring_commit, tagged
from bot.fetch.web import Web

_LEADS_ON: Final = re.compile(r"returned error: 30[1278]$")


@dataclass(frozen=True, slots=True)
class ItemFetch:
    """One item, where it is asked for, and the folder that it is brought into."""

    number: int
    item: FetchItem
    place: ParsedAddress
    folder: Path
    means: FetchLimits


def bring(number: int, item: FetchItem, folder: Path, means: FetchLimits) -> Said:
    """Bring one item into its folder. Raises FetchError where that cannot be."""
    place = place_of(item.url, means.named)
    if isinstance(place, str):
        raise FetchError(place, refused=True)
    errand = ItemFetch(number, item, place, folder, means)
    match item.kind:
        case "git":
            return _repository(errand)
        case "file":
            return _file(errand)
        case "chart":
            return _chart(errand)
        case "oci":
            return _artifact(errand)


def _repository(errand: ItemFetch) -> Said:
    try:
        return _commit(errand)
    except FetchError as error:
        # Git follows no redirect; some forges lead from the name of a repository to this.
        if errand.place.path.endswith(".git") or not _LEADS_ON.search(str(error)):
            raise
    place = replace(errand.place, path=f"{errand.place.path}.git")
    return _commit(replace(errand, place=place))


def _commit(errand: ItemFetch) -> Said:
    wanted = commit = errand.item.version
    if wanted.startswith("refs/"):
        commit = tagged(errand.place, wanted, errand.means)
    if commit in errand.item.held:
        return Said(errand.number, "held", resolved=commit)
    bring_commit(errand.place, wanted, commit, errand.folder, errand.means)
    return Said(errand.number, "fetched", resolved=commit, digest=commit, tip=commit)


def _file(errand: ItemFetch) -> Said:
    data = Web(errand.means).get(errand.place.url, most=errand.means.bounds.file).whole()
    found = sha256(data).hexdigest()
    name = errand.place.path.rpartition("/")[2]
    return _planted(errand, {name: Packed(executable=False, data=data)}, found, found)


def _chart(errand: ItemFetch) -> Said:
    web, bounds = Web(errand.means), errand.means.bounds
    index = web.get(f"{errand.place.url}/index.yaml", most=bounds.index).whole()
    row = charts.find(index, errand.item.name, errand.item.version)
    url = charts.archive_url(errand.place.url, row)
    if url.startswith("oci://"):
        place, tag = _stated(url, errand.means)
        registry = Registry(web, place, bounds)
        archive = registry.archive(registry.artifact(tag).layer)
    else:
        archive = web.get(url, most=bounds.archive).whole()
    found = sha256(archive).hexdigest()
    if charts.digest_of(row) not in {"", found}:
        raise FetchError("the chart's archive is another than the one of the repository's index")
    return _planted(errand, _chart_files(archive, errand.means), found, found)


def _artifact(errand: ItemFetch) -> Said:
    registry = Registry(Web(errand.means), errand.place, errand.means.bounds)
    artifact = registry.artifact(errand.item.version)
    resolved = artifact.digest.removeprefix("sha256:")
    if resolved in errand.item.held:
        return Said(errand.number, "held", resolved=resolved)
    archive = registry.archive(artifact.layer)
    files = (
        _chart_files(archive, errand.means)
        if artifact.chart
        else unpacked(archive, errand.means.bounds)
    )
    return _planted(errand, files, resolved, artifact.layer.digest.removeprefix("sha256:"))


def _chart_files(archive: bytes, means: FetchLimits) -> Mapping[str, Packed]:
    files = without_first(unpacked(archive, means.bounds))
    if "Chart.yaml" not in files:
        raise FetchError("its archive is not that of one chart", refused=True)
    return files


def _planted(errand: ItemFetch, files: Mapping[str, Packed], resolved: str, digest: str) -> Said:
    tip = plant(files, errand.folder)
    return Said(errand.number, "fetched", resolved=resolved, digest=f"sha256:{digest}", tip=tip)


def _stated(url: str, means: FetchLimits) -> tuple[ParsedAddress, str]:
    """The place and the tag of a chart that an index leads to."""
    address, _, tag = url.rpartition(":")
    place = place_of(address, means.named)
    if isinstance(place, str) or not tag or "/" in tag:
        raise FetchError("the index leads to a registry by an address that is none", refused=True)
    return place, tag
