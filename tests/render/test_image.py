"""The image brings the pinned renderers, and no others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from bot.render.programs import pinned_tools

_STAGE: Final = re.compile(
    r"^FROM scratch AS tools-(\w+)\n((?:ADD (?:.+\\\n)+.+\n)+)", re.MULTILINE
)


def test_the_image_takes_exactly_the_locked_archives() -> None:
    text = (Path(__file__).parents[2] / "Dockerfile").read_text("utf-8")
    stages = re.findall(
        r"^FROM scratch AS tools-(\w+)\n((?:ADD (?:.+\\\n)+.+\n)+)", text, re.MULTILINE
    )
    taken = {
        (f"linux/{stage}", *added)
        for stage, body in stages
        for added in re.findall(r"sha256:(\w+) \\\s+(\S+) \\\s+/(\w+)\.tar\.gz", body)
    }
    locked = {
        (held.platform, held.sha256, held.url, str(tool.name))
        for tool in pinned_tools()
        for held in tool.archive
    }

    assert taken == locked
    assert text.count("ADD ") == len(locked)
