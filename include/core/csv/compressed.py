"""A file as decompressed bytes, chunk by chunk, under limits that hold before anything expands."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, BinaryIO, Final

from include.core.content.formats import GZIP, HEAD_BYTES, identify
from include.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK_BYTES: Final = 65_536
_GZIP_MEMBER: Final = 31  # zlib's wbits: one gzip member, header and checksum included


def read_decompressed(path: Path, *, name: str, max_bytes: int, max_ratio: int) -> Iterator[bytes]:
    """Read a plain or gzipped file as chunks of at most CHUNK_BYTES.

    A name that ends in .gz must hold gzip (https://www.rfc-editor.org/rfc/rfc1952), one or
    more members and nothing after them; any other name must not.

    Arguments:
        path: where the file is.
        name: what its owner calls it; decides whether it is compressed; errors name it.
        max_bytes: size after decompression.
        max_ratio: size after decompression over size on disk.

    Raises:
        InputFileError: the file is empty, too large, expands too far, is cut or damaged, or is
            not what its name says.
    """
    with path.open("rb") as file:
        chunks = _members(file, name=name) if _is_gzip(file, name=name) else _plain(file)
        allowed = max_ratio * path.stat().st_size
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > max_bytes:
                raise _fault(
                    name,
                    f"the file is larger than {max_bytes} bytes",
                    "Split it, or raise max_bytes in its contract",
                )
            if size > allowed:
                raise _fault(
                    name,
                    f"the file expands to more than {max_ratio} times its size",
                    "Check it for a decompression bomb, or raise max_ratio in its contract",
                )
            yield chunk


def _is_gzip(file: BinaryIO, *, name: str) -> bool:
    """Find out from the first bytes whether a file is gzip, as its name must say."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not head:
        raise _fault(name, "the file is empty (0 bytes)", "Have it delivered again")
    named = name.lower().endswith(".gz")
    # of a file of one byte only the beginning of the signature can be seen
    if named and not GZIP.startswith(head[: len(GZIP)]):
        found = identify(head, whole=len(head) < HEAD_BYTES)
        also = f": the file is {found.what}" if found else ""
        raise _fault(
            name,
            f"the name ends in .gz but the content is not gzip{also}",
            found.fix if found else "Rename or compress it",
        )
    if not named and head.startswith(GZIP):
        raise _fault(
            name, "the content is gzip but the name does not end in .gz", "Rename or expand it"
        )
    return named


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _members(file: BinaryIO, *, name: str) -> Iterator[bytes]:
    """Expand gzip members one after the other, never more than a chunk at a time."""
    waiting = file.read(CHUNK_BYTES)
    while waiting:
        if not waiting.startswith(GZIP) and not GZIP.startswith(waiting):
            raise _fault(
                name, "something that is no gzip member follows the last one", "Compress it again"
            )
        member = zlib.decompressobj(_GZIP_MEMBER)
        while not member.eof:
            waiting = waiting or file.read(CHUNK_BYTES)
            if not waiting:
                raise _fault(name, "the gzip file is cut short", "Have it delivered again")
            try:
                # the limit bounds memory: a bomb stops at max_ratio, a chunk at a time
                chunk = member.decompress(waiting, CHUNK_BYTES)
            except zlib.error as error:
                raise _damaged(name, error) from error
            waiting = member.unconsumed_tail
            if chunk:
                yield chunk
        waiting = _at_least_magic(member.unused_data, file)


def _at_least_magic(rest: bytes, file: BinaryIO) -> bytes:
    """Add to what follows a member, so that a magic number cut by a chunk's end is whole."""
    return rest if len(rest) >= len(GZIP) else rest + file.read(CHUNK_BYTES)


def _damaged(name: str, error: zlib.error) -> InputFileError:
    if "incorrect data check" in str(error) or "incorrect length check" in str(error):
        problem = "the gzip checksum does not match the content"
    else:
        problem = "the gzip content is damaged"
    return _fault(name, problem, "Have it delivered again")


def _fault(name: str, problem: str, fix: str) -> InputFileError:
    return InputFileError(file=name, line=None, problem=problem, fix=fix)
