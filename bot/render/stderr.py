"""What a renderer complained of, as one sentence that does not show our folders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_LONGEST: Final = 400
_MOST_LAYERS: Final = 64

_LAYER: Final = re.compile(
    r"accumulating resources: accumulation err='accumulating resources from '[^']*': "
    r"read [^']*: is a directory': (?:recursed accumulation of path '([^']*)': )?"
)
"""kustomize says of every directory on its way that it is no file."""

_TRIED: Final = re.compile(
    r"accumulating resources: accumulation err='accumulating resources from '([^']*)': "
)

_HINT: Final = "Use --debug flag"
"""Helm's advice to a person at a terminal."""

_CONFIGURATION: Final = re.compile(r" with config: `[^`]*`")
"""kustomize repeats a patch or generator whole; it may be one of a Secret."""

_EXPLAINED: Final = MappingProxyType(
    {
        "no 'git' program on path": "nothing is fetched while a root is rendered",
        "socket: operation not permitted": "there is no network while a root is rendered",
        "external plugins disabled": "no function, plugin or program of a repository is run",
        "must specify --enable-helm": "kustomize would fetch a chart and run Helm itself",
        ": permission denied": "only the files that the root is made of are there to be read",
    }
)
"""What the sandbox or our options refuse, by the words with which a renderer reports it."""


def complaint(errors: str, folders: Mapping[str, str]) -> str:
    """The last complaint in what a renderer wrote, in one line and without these folders.

    `folders` is what stands instead of each.
    """
    said = _last(errors)
    for folder, name in folders.items():
        said = said.replace(f"{folder}/", f"{name}/" if name else "").replace(folder, name or ".")
    said = _without_layers(said)
    reason = next((why for words, why in _EXPLAINED.items() if words in said), None)
    said = _shortened(said, _LONGEST)
    return f"{said} ({reason})" if reason else said


def _last(errors: str) -> str:
    """The text of the last error, on one line; what cannot be printed is a space."""
    _, _, text = f"\n{errors}".rpartition("\nError: ")
    text = text.partition(_HINT)[0]
    words = "".join(sign if sign.isprintable() else " " for sign in text).split()
    said = _CONFIGURATION.sub("", re.sub(r"^[Ee]rror: ", "", " ".join(words)))
    return said or "it gave no reason"


def _without_layers(said: str) -> str:
    """The innermost complaint, with the directory that it is about."""
    place = None
    for _ in range(_MOST_LAYERS):
        layer = _LAYER.match(said)
        if layer is None:
            break
        place = layer[1] or place
        said = said[layer.end() :]
    tried = _TRIED.match(said)
    if tried is not None:
        said = f"'{tried[1]}' cannot be taken: {said[tried.end() :]}"
    return f"in '{place}': {said}" if place else said


def _shortened(said: str, longest: int) -> str:
    return said if len(said) <= longest else said[: longest - 1] + "…"
