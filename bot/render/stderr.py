"""Turns a renderer's standard error into one sentence without the paths of work folders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_MAX_LENGTH: Final = 400
_MAX_LAYERS: Final = 64

_LAYER: Final = re.compile(
    r"accumulating resources: accumulation err='accumulating resources from '[^']*': "
    r"read [^']*: is a directory': (?:recursed accumulation of path '([^']*)': )?"
)
"""For each directory on the way, kustomize reports first that it is not a file."""

_TRIED: Final = re.compile(
    r"accumulating resources: accumulation err='accumulating resources from '([^']*)': "
)

_HINT: Final = "Use --debug flag"
"""Helm's advice to a user at a terminal."""

_KUBECTL: Final = re.compile(r'(?m)^E\d{4} \S+ +\d+ \S+\] "command failed" err="(.*)"$')
"""kubectl logs the error of its built-in kustomize with the time and its process id."""

_CONFIGURATION: Final = re.compile(r" with config: `[^`]*`")
"""kustomize repeats a whole patch or generator, which may be that of a Secret."""

_EXPLANATIONS: Final = MappingProxyType(
    {
        "no 'git' program on path": "a build cannot fetch anything",
        "socket: operation not permitted": "a build has no network",
        "external plugins disabled": "functions, plugins and programs of a repository are not run",
        "must specify --enable-helm": "kustomize would fetch a chart and run Helm itself",
        ": permission denied": "a build can read only the files that the root consists of",
    }
)
"""Why the sandbox or Fairlead's options refuse something, by the renderer's words for it."""


def last_error(errors: str, folders: Mapping[str, str]) -> str:
    """The last error that a renderer wrote, on one line.

    `folders` maps paths of work folders to what the message shows instead.
    """
    message = _last(errors)
    for folder, name in folders.items():
        prefix = f"{name}/" if name else ""
        message = message.replace(f"{folder}/", prefix).replace(folder, name or ".")
    message = _without_layers(message)
    explanation = next((text for words, text in _EXPLANATIONS.items() if words in message), None)
    message = _shortened(message, _MAX_LENGTH)
    return f"{message} ({explanation})" if explanation else message


def _last(errors: str) -> str:
    """The text of the last error on one line, with spaces for unprintable characters."""
    errors = _KUBECTL.sub(r"Error: \1", errors)
    _, _, text = f"\n{errors}".rpartition("\nError: ")
    text = text.partition(_HINT)[0]
    words = "".join(char if char.isprintable() else " " for char in text).split()
    message = _CONFIGURATION.sub("", re.sub(r"^[Ee]rror: ", "", " ".join(words)))
    return message or "it gave no reason"


def _without_layers(message: str) -> str:
    """The innermost error, with the directory that it is about."""
    folder = None
    for _ in range(_MAX_LAYERS):
        layer = _LAYER.match(message)
        if layer is None:
            break
        folder = layer[1] or folder
        message = message[layer.end() :]
    attempt = _TRIED.match(message)
    if attempt is not None:
        message = f"'{attempt[1]}' cannot be loaded: {message[attempt.end() :]}"
    return f"in '{folder}': {message}" if folder else message


def _shortened(message: str, longest: int) -> str:
    return message if len(message) <= longest else message[: longest - 1] + "…"
