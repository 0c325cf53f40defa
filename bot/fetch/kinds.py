"""Fetches one item according to its kind: repository, file, chart or registry artifact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from bot.errors import FetchError
from bot.fetch import charts
from bot.fetch.addresses import ParsedAddress, parse_address
from bot.fetch.archives import ArchiveFile, extract, without_top_folder
from bot.fetch.limits import FetchLimits
from bot.fetch.messages import FetchItem, ItemResult
from bot.fetch.pack_writer import write_pack
from bot.fetch.registries import Registry
from bot.fetch.repositories import fetch_commit, resolve_tag
from bot.fetch.web import WebClient
from bot.records import dataclass

_IS_REDIRECT: Final = re.compile(r"returned error: 30[1278]$")


@dataclass(frozen=True, slots=True)
class ItemFetch:
    """One item with its parsed address, the folder to write into, and the limits."""

    number: int
    item: FetchItem
    address: ParsedAddress
    folder: Path
    limits: FetchLimits


def fetch_item(number: int, item: FetchItem, folder: Path, limits: FetchLimits) -> ItemResult:
    """Fetch one item into its folder. Raises FetchError where that fails or is not allowed."""
    address = parse_address(item.url, limits.hosts)
    if isinstance(address, str):
        raise FetchError(address, refused=True)
    task = ItemFetch(number, item, address, folder, limits)
    match item.kind:
        case "git":
            return _fetch_repository(task)
        case "file":
            return _fetch_file(task)
        case "chart":
            return _fetch_chart(task)
        case "oci":
            return _fetch_artifact(task)


def _fetch_repository(task: ItemFetch) -> ItemResult:
    try:
        return _fetch_commit(task)
    except FetchError as error:
        # Git follows no redirect here, and some forges redirect NAME to NAME.git.
        if task.address.path.endswith(".git") or not _IS_REDIRECT.search(str(error)):
            raise
    address = replace(task.address, path=f"{task.address.path}.git")
    return _fetch_commit(replace(task, address=address))


def _fetch_commit(task: ItemFetch) -> ItemResult:
    version = commit = task.item.version
    if version.startswith("refs/"):
        commit = resolve_tag(task.address, version, task.limits)
    if commit in task.item.stored:
        return ItemResult(task.number, "stored", resolved=commit)
    fetch_commit(task.address, version, commit, task.folder, task.limits)
    return ItemResult(task.number, "fetched", resolved=commit, digest=commit, tip=commit)


def _fetch_file(task: ItemFetch) -> ItemResult:
    data = WebClient(task.limits).fetch(task.address.url, most=task.limits.bounds.file)
    digest = sha256(data).hexdigest()
    name = task.address.path.rpartition("/")[2]
    return _handed_over(task, {name: ArchiveFile(executable=False, data=data)}, digest, digest)


def _fetch_chart(task: ItemFetch) -> ItemResult:
    web, bounds = WebClient(task.limits), task.limits.bounds
    index = web.fetch(f"{task.address.url}/index.yaml", most=bounds.index)
    release = charts.find(index, task.item.name, task.item.version)
    url = charts.archive_url(task.address.url, release)
    if url.startswith("oci://"):
        address, tag = _registry_address(url, task.limits)
        registry = Registry(web, address, bounds, task.limits.account_at(address))
        archive = registry.archive(registry.artifact(tag).layer)
    else:
        archive = web.fetch(url, most=bounds.archive)
    digest = sha256(archive).hexdigest()
    if charts.digest_of(release) not in {"", digest}:
        raise FetchError("the chart's archive does not have the digest in the repository's index")
    return _handed_over(task, _chart_files(archive, task.limits), digest, digest)


def _fetch_artifact(task: ItemFetch) -> ItemResult:
    registry = Registry(
        WebClient(task.limits),
        task.address,
        task.limits.bounds,
        task.limits.account_at(task.address),
    )
    artifact = registry.artifact(task.item.version)
    resolved = artifact.digest.removeprefix("sha256:")
    if resolved in task.item.stored:
        return ItemResult(task.number, "stored", resolved=resolved)
    archive = registry.archive(artifact.layer)
    files = (
        _chart_files(archive, task.limits)
        if artifact.chart
        else extract(archive, task.limits.bounds)
    )
    return _handed_over(task, files, resolved, artifact.layer.digest.removeprefix("sha256:"))


def _chart_files(archive: bytes, limits: FetchLimits) -> Mapping[str, ArchiveFile]:
    files = without_top_folder(extract(archive, limits.bounds))
    if "Chart.yaml" not in files:
        raise FetchError("its archive does not hold exactly one chart", refused=True)
    return files


def _handed_over(
    task: ItemFetch, files: Mapping[str, ArchiveFile], resolved: str, digest: str
) -> ItemResult:
    tip = write_pack(files, task.folder)
    return ItemResult(task.number, "fetched", resolved=resolved, digest=f"sha256:{digest}", tip=tip)


def _registry_address(url: str, limits: FetchLimits) -> tuple[ParsedAddress, str]:
    """The address and tag of a chart for which an index names a registry."""
    text, _, tag = url.rpartition(":")
    address = parse_address(text, limits.hosts)
    if isinstance(address, str) or not tag or "/" in tag:
        raise FetchError("the index names a registry by an invalid address", refused=True)
    return address, tag
