"""Hook of MkDocs: adds pages that are outside docs/, and makes links between both work.

The pages of the rules are in rules/, and some of the project's files are at its top, where GitHub
expects them. In the site they have the same paths; links from docs/ to `../X` become links to `X`.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[1]
TOP: Final = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
FOLDERS: Final = ("rules/*.md", "deploy/README.md", "deploy/chart/README.md")
_LINK: Final = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^)\s]+)\)")


def outside() -> list[str]:
    """The pages outside docs/, by their paths from the root."""
    pages = [path for pattern in FOLDERS for path in sorted(ROOT.glob(pattern))]
    return [*TOP, *(path.relative_to(ROOT).as_posix() for path in pages)]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages outside docs/."""
    for name in outside():
        content = (ROOT / name).read_text("utf-8")
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite links so that they lead to the pages' places in the site."""
    del config
    uri = page.file.src_uri
    source = uri if uri in outside() else f"docs/{uri}"

    def rewritten(match: re.Match[str]) -> str:
        text, target = match.groups()
        parts = urlsplit(target)
        if parts.scheme or not parts.path:
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), parts.path))
        place = "index.md" if path == "README.md" else path.removeprefix("docs/")
        if files.get_file_from_path(place) is None:
            # A folder or file of the repository that is not in the site keeps its name alone.
            return text if (ROOT / path).exists() else match[0]
        link = posixpath.relpath(place, posixpath.dirname(uri) or ".")
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        return f"[{text}]({link}{fragment})"

    return _LINK.sub(rewritten, markdown)
