"""Archives: plain files at plain paths, in bounds, or nothing."""

from __future__ import annotations

import gzip
import io
import tarfile
import time

import pytest

from bot.errors import FetchError
from bot.fetch.archives import ArchiveFile, extract
from bot.fetch.messages import MEBIBYTE, Bounds
from tests.fetch.packing import archive

BOUNDS = Bounds(unpacked=8 * MEBIBYTE, file=MEBIBYTE, files=100)


def member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def refused(data: bytes) -> FetchError:
    with pytest.raises(FetchError) as raised:
        extract(data, BOUNDS)
    return raised.value


def test_files_are_taken_with_what_they_hold() -> None:
    data = archive({"./a/b.yaml": b"b", "c": b""}, member("a", tarfile.DIRTYPE))
    assert extract(data, BOUNDS) == {
        "a/b.yaml": ArchiveFile(executable=False, data=b"b"),
        "c": ArchiveFile(executable=False, data=b""),
    }


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE,
     tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, b"Z"],
)  # fmt: skip
def test_what_is_no_plain_file_is_refused(kind: bytes) -> None:
    error = refused(archive({"app/a": b""}, member("app/b", kind, "/etc/passwd")))
    assert (error.refused, str(error)) == (
        True,
        "its archive has 'app/b', which is not a regular file",
    )


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../a", "app/../../a", "app//a", "app/..", "a\nb", "a\\b", "app/.git/config",
     "app/.GIT/config", "a" * 2000],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_refused(name: str) -> None:
    error = refused(archive({name: b"x"}))
    assert (error.refused, str(error)) == (
        True,
        f"its archive has the unsafe path {name[:100]!r}",
    )


def test_a_path_twice_is_refused() -> None:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name in ("app/a", "app/./a"):
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    error = refused(gzip.compress(held.getvalue()))
    assert str(error) == "its archive has the path 'app/./a' twice"


def test_a_file_that_is_a_directory_is_refused() -> None:
    error = refused(archive({"app/a": b"", "app/a/b": b""}))
    assert str(error) == "its archive has the same path as a file and a directory"


def test_many_small_files_that_are_much_together_are_refused() -> None:
    error = refused(archive({f"app/{number}": bytes(MEBIBYTE) for number in range(10)}))
    assert (error.limit, str(error)) == (
        True,
        "its archive unpacks to more than 8,388,608 bytes",
    )


def test_too_many_files_are_refused() -> None:
    error = refused(archive({f"app/{number}": b"" for number in range(101)}))
    assert (error.limit, str(error)) == (True, "its archive has more than 100 files")


def test_a_file_that_is_too_large_is_refused() -> None:
    error = refused(archive({"app/a": bytes(MEBIBYTE + 1)}))
    assert (error.limit, str(error)) == (
        True,
        "'app/a' in its archive is larger than 1,048,576 bytes",
    )


def test_a_bomb_behind_a_huge_header_is_bounded_as_everything_is() -> None:
    """A header of extended attributes claims its own size, which is read into memory."""
    info = member("app/a", tarfile.XHDTYPE)
    info.size = 1 << 40
    head = info.tobuf(tarfile.GNU_FORMAT)
    bomb = gzip.compress(head + bytes(256 * MEBIBYTE), compresslevel=1)
    begun = time.process_time()
    error = refused(bomb)
    assert time.process_time() - begun < 20
    assert (error.limit, str(error)) == (
        True,
        "its archive unpacks to more than 8,388,608 bytes",
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"x", gzip.compress(b""), gzip.compress(b"x" * 1000)],
    ids=["nothing", "no gzip", "nothing packed", "no tar"],
)
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    found: object
    try:
        found = extract(data, BOUNDS)
    except FetchError as error:
        found = str(error)
    assert found == "its archive cannot be read"


def test_an_archive_that_ends_early_is_refused() -> None:
    whole = gzip.decompress(archive({"app/a": b"x" * 5000}))
    assert str(refused(gzip.compress(whole[:2000]))) == "its archive cannot be read"
