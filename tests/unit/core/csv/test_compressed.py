"""Files as decompressed bytes, under limits."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest

from include.core.csv.compressed import CHUNK_BYTES, read_decompressed
from include.errors import InputFileError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b"".join(b"%d,%d\n" % (number, number * 7919 % 104729) for number in range(50_000))
PACKED = gzip.compress(TEXT)


def read(
    path: Path, content: bytes, *, name: str, max_bytes: int = 10**9, max_ratio: int = 200
) -> bytes:
    path.write_bytes(content)
    return b"".join(read_decompressed(path, name=name, max_bytes=max_bytes, max_ratio=max_ratio))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "content"


def test_plain_file_is_read_unchanged(path: Path) -> None:
    assert read(path, TEXT, name="a.csv") == TEXT


@pytest.mark.parametrize("name", ["a.csv.gz", "A.CSV.GZ"])
def test_gzip_file_is_expanded(path: Path, name: str) -> None:
    assert read(path, PACKED, name=name) == TEXT


def test_concatenated_members_are_one_file(path: Path) -> None:
    assert read(path, PACKED + gzip.compress(b"") + PACKED, name="a.gz") == TEXT + TEXT


def test_member_that_begins_at_any_place_of_a_chunk_is_found(path: Path) -> None:
    first = gzip.compress(b"x", compresslevel=0)
    for filler in range(CHUNK_BYTES - len(first) - 4, CHUNK_BYTES - len(first) + 4):
        stored = gzip.compress(b"x" * filler, compresslevel=0)
        content = read(path, stored + first, name="a.gz")
        assert len(content) == filler + 1


@pytest.mark.parametrize(
    "kept",
    [1, 2, 9, 10, 11, len(PACKED) // 2, len(PACKED) - 8, len(PACKED) - 4, len(PACKED) - 1],
)
def test_truncated_gzip_is_an_error_wherever_it_is_cut(path: Path, kept: int) -> None:
    with pytest.raises(InputFileError, match=r"a\.gz: the gzip file is cut short"):
        read(path, PACKED[:kept], name="a.gz")


def test_second_member_cut_short_is_an_error(path: Path) -> None:
    with pytest.raises(InputFileError, match="cut short"):
        read(path, PACKED + PACKED[:1], name="a.gz")


@pytest.mark.parametrize("place", [-8, -1], ids=["checksum", "length"])
def test_wrong_checksum_is_an_error(path: Path, place: int) -> None:
    broken = bytearray(PACKED)
    broken[place] ^= 0xFF
    with pytest.raises(InputFileError, match="the gzip checksum does not match"):
        read(path, bytes(broken), name="a.gz")


def test_damaged_content_is_an_error(path: Path) -> None:
    broken = PACKED[:12] + b"\xff" * 20 + PACKED[32:]
    with pytest.raises(InputFileError, match=r"damaged|checksum"):
        read(path, broken, name="a.gz")


@pytest.mark.parametrize("garbage", [b"x", b"\0", b"more,rows\n", b"\x1f\x8a"])
def test_trailing_garbage_is_an_error(path: Path, garbage: bytes) -> None:
    with pytest.raises(InputFileError, match="no gzip member follows"):
        read(path, PACKED + garbage, name="a.gz")


def test_gz_name_with_plain_content_is_an_error(path: Path) -> None:
    with pytest.raises(InputFileError, match=r"ends in \.gz but the content is not gzip"):
        read(path, TEXT, name="a.csv.gz")


def test_gzip_content_without_gz_name_is_an_error(path: Path) -> None:
    with pytest.raises(InputFileError, match=r"content is gzip but the name does not end in \.gz"):
        read(path, PACKED, name="a.csv")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_file_of_0_bytes_is_an_error(path: Path, name: str) -> None:
    with pytest.raises(InputFileError, match="empty"):
        read(path, b"", name=name)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_size_limit_holds_after_decompression(path: Path, name: str) -> None:
    content = TEXT if name == "a.csv" else PACKED
    assert read(path, content, name=name, max_bytes=len(TEXT)) == TEXT
    with pytest.raises(InputFileError, match="larger than"):
        read(path, content, name=name, max_bytes=len(TEXT) - 1)


def test_file_that_expands_more_than_200_to_1_is_an_error_before_it_is_expanded(path: Path) -> None:
    path.write_bytes(gzip.compress(bytes(300_000_000)))
    sizes: list[int] = []
    chunks = read_decompressed(path, name="a.gz", max_bytes=10**9, max_ratio=200)
    with pytest.raises(InputFileError, match="more than 200 times"):
        sizes.extend(map(len, chunks))
    assert sum(sizes) <= 200 * path.stat().st_size
    assert max(sizes) <= CHUNK_BYTES


def test_ratio_of_exactly_the_limit_is_accepted(path: Path) -> None:
    packed = gzip.compress(bytes(1000))
    ratio = -(-1000 // len(packed))
    assert len(read(path, packed, name="a.gz", max_ratio=ratio)) == 1000
    with pytest.raises(InputFileError, match="expands"):
        read(path, packed, name="a.gz", max_ratio=ratio - 1)


def test_content_that_zlib_writes_without_gzip_header_is_an_error(path: Path) -> None:
    with pytest.raises(InputFileError, match="not gzip"):
        read(path, zlib.compress(TEXT), name="a.gz")
