"""Git, through its own command: mirrors, commits' trees, blobs, and plain directories as trees."""

from bot.git.blobs import BlobReader
from bot.git.directory import Directory, read_directory
from bot.git.repository import Repository

__all__ = ["BlobReader", "Directory", "Repository", "read_directory"]
