"""`fairlead read`: one file as kubectl and as kustomize read it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bot.cli.output import terminal
from bot.cli.output.options import format_option

if TYPE_CHECKING:
    from bot.core.manifest import Manifest, ReadError, Reading

EPILOG: Final = """\b
Examples:
  fairlead read apps/api.yaml
  kustomize build . | fairlead read - --format json"""


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@format_option(
    "text", "json", meaning="json contains every object as the cluster would receive it."
)
def read(file: str, form: str) -> None:
    """Show the resources of FILE as kubectl and as kustomize read them, and its hazards.

    The JSON output contains all values, including those of Secrets.
    """
    from bot.core.reading import read_manifest  # noqa: PLC0415 - not for --help

    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    manifest = read_manifest(data)
    terminal.write(_json(manifest) if form == "json" else _text(manifest), None)


def _json(manifest: Manifest) -> str:
    import msgspec  # noqa: PLC0415 - not for --help

    document = {
        "kubectl": _reading(manifest.kubectl),
        "kustomize": _reading(manifest.kustomize),
        "flags": sorted({hazard.flag for hazard in manifest.hazards}),
    }
    # Objects are passed through as encoded, so that no number is parsed and reformatted.
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _reading(reading: Reading) -> dict[str, Any]:
    import msgspec  # noqa: PLC0415 - not for --help

    return {
        "error": _error(reading.error),
        "objects": [msgspec.Raw(item.encoded) for item in reading.objects],
    }


def _error(error: ReadError | None) -> str | None:
    if error is None:
        return None
    return error.message if error.line is None else f"line {error.line}: {error.message}"


def _text(manifest: Manifest) -> str:
    from bot.core.publish.markdown import visible  # noqa: PLC0415 - not for --help

    rows = []
    same = manifest.kubectl == manifest.kustomize
    for title, reading in (
        ("kubectl and kustomize" if same else "kubectl", manifest.kubectl),
        *(() if same else (("kustomize", manifest.kustomize),)),
    ):
        count = len(reading.objects)
        rows.append(f"As {title} read it: {count} object{'' if count == 1 else 's'}")
        rows += [f"  {visible(_name(item.encoded))}" for item in reading.objects]
        if reading.error is not None:
            rows.append(f"  refused: {visible(_error(reading.error) or '')}")
    if manifest.hazards:
        rows.append("Hazards")
        rows += [
            f"  line {hazard.line}: {hazard.flag}: {visible(hazard.message)}"
            for hazard in manifest.hazards
        ]
    return "".join(f"{row}\n" for row in rows)


def _name(encoded: bytes) -> str:
    """`Kind/namespace/name` as far as the object has them."""
    import msgspec  # noqa: PLC0415 - not for --help

    body = msgspec.json.decode(encoded)
    body = body if isinstance(body, dict) else {}
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    parts = (body.get("kind"), metadata.get("namespace"), metadata.get("name"))
    return "/".join(part for part in parts if isinstance(part, str) and part) or "(unnamed)"
