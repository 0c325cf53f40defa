"""The edits that Argo CD and Flux make to a kustomization before they build it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from bot.core.values import Body, Value, mapping, sequence, text
from bot.errors import UnbuildableError
from bot.patterns import pattern

# https://github.com/kubernetes-sigs/kustomize/blob/master/kustomize/commands/edit/set/setimage.go
_TAGGED: Final = pattern(r"(?P<name>.*):(?P<tag>[A-Za-z0-9._-]*|\*)", re.DOTALL)
_KEPT: Final = "*"

EMPTY_KUSTOMIZATION: Final[Mapping[str, Value]] = {
    "apiVersion": "kustomize.config.k8s.io/v1beta1",
    "kind": "Kustomization",
}


def with_images(body: Body, images: Iterable[str]) -> Body:
    """Apply `kustomize edit set image` with these arguments. Raises UnbuildableError."""
    new_images = dict(map(_image, images))
    by_name: dict[str, Mapping[str, Value]] = {}
    for entry in map(mapping, sequence(body.get("images"))):
        name = text(entry.get("name")) or ""
        by_name[name] = _over(entry, new_images.pop(name)) if name in new_images else entry
    by_name.update({name: _over({}, image) for name, image in new_images.items()})
    return {**body, "images": tuple(by_name[name] for name in sorted(by_name))}


def _image(argument: str) -> tuple[str, Mapping[str, Value]]:
    name, equals, new = argument.partition("=")
    place, kind, version = _version(new if equals else argument, named=bool(equals))
    fields: dict[str, Value] = {kind: version} if kind else {}
    if not equals:
        return place, {"name": place, **fields}
    return name, {"name": name, "newName": place, **fields}


def _version(image: str, *, named: bool) -> tuple[str, str, str]:
    """Return an image.s name, the field of its version (`newTag`, `digest`), and the version."""
    name, at, rest = image.partition("@")
    if at:
        return name, "digest", rest.partition("@")[0]
    tagged = _TAGGED.fullmatch(image)
    if tagged is not None:
        return tagged["name"], "newTag", tagged["tag"]
    if image and named:
        return image, "", ""
    raise UnbuildableError(f"kustomize takes {image[:80]!r} for no image with a version")


def _over(old: Body, new: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return the new entry; `*` in it stands for the old entry's value."""
    merged_fields = {
        key: old.get(key, "") if value == _KEPT else value for key, value in new.items()
    }
    return {key: value for key, value in merged_fields.items() if value != ""}


def with_replicas(body: Body, replicas: Mapping[str, int]) -> Body:
    """Apply `kustomize edit set replicas`."""
    kept = {text(mapping(entry).get("name")) or "": entry for entry in _list(body, "replicas")}
    kept.update({name: {"name": name, "count": count} for name, count in replicas.items()})
    return {**body, "replicas": tuple(kept[name] for name in sorted(kept))}


def with_labels(
    body: Body, labels: Mapping[str, str], *, force: bool, selectors: bool, templates: bool
) -> Body:
    """Apply `kustomize edit add label`, with or without selectors and templates."""
    if selectors:
        return _with_map(body, "commonLabels", labels, force=force)
    entries = list(_list(body, "labels"))
    for index, entry in enumerate(map(mapping, entries)):
        same = not entry.get("includeSelectors") and not entry.get("fields")
        if same and bool(entry.get("includeTemplates")) == templates:
            entries[index] = _with_map(entry, "pairs", labels, force=force)
            return {**body, "labels": tuple(entries)}
    extra: Mapping[str, Value] = {"includeTemplates": True} if templates else {}
    return {**body, "labels": (*entries, {"pairs": dict(labels), **extra})}


def with_annotations(body: Body, annotations: Mapping[str, str], *, force: bool) -> Body:
    """Apply `kustomize edit add annotation`."""
    return _with_map(body, "commonAnnotations", annotations, force=force)


def _with_map(body: Body, field: str, added: Mapping[str, str], *, force: bool) -> Body:
    current = mapping(body.get(field))
    twice = next((key for key in sorted(added) if key in current), None)
    if twice is not None and not force:
        raise UnbuildableError(f"its kustomization has {twice!r} in {field!r} already")
    return {**body, field: {**current, **added}}


def with_more(body: Body, field: str, added: Iterable[Value], *, once: bool = False) -> Body:
    """Append values to a list; with `once`, only those that the list does not hold."""
    items = _list(body, field)
    more = tuple(item for item in added if not (once and item in items))
    return {**body, field: (*items, *more)} if more else body


def with_flux_images(body: Body, images: Iterable[Body]) -> Body:
    """Apply Flux's `images`: a new name and a new version each replace the kustomization's own."""
    entries = list(_list(body, "images"))
    for image in images:
        name = text(image.get("name"))
        new = {key: image[key] for key in ("newName", "newTag", "digest") if image.get(key)}
        place = next(
            (i for i, entry in enumerate(entries) if mapping(entry).get("name") == name), None
        )
        if place is None:
            entries.append({"name": name, **new})
            continue
        versioned = "newTag" in new or "digest" in new
        dropped = ("newTag", "digest") if versioned else ()
        kept = {k: v for k, v in mapping(entries[place]).items() if k not in dropped}
        entries[place] = {**kept, **new}
    return {**body, "images": tuple(entries)} if entries else body


def _list(body: Body, field: str) -> tuple[Value, ...]:
    items = body.get(field)
    if items is not None and not isinstance(items, tuple):
        raise UnbuildableError(f"the field {field!r} of its kustomization is no list")
    return sequence(items)
