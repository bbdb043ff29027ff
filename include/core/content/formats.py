"""The format of a file that should be CSV, by signatures and by its whole shape.

A signature made of letters alone counts only where bytes follow that no text has, so that no
CSV file is taken for something else because of its names.

Signatures: https://www.garykessler.net/library/file_sigs.html and the pages of each format.
"""

from __future__ import annotations

import re
import zlib
from typing import Final

from include.core.content.text import Content, identify_text

GZIP: Final = b"\x1f\x8b"
HEAD_BYTES: Final = 65_536
"""So many bytes of a file's beginning show what it is."""

_GZIP_WINDOW: Final = 31  # zlib's wbits: gzip, header included
_BINARY: Final = re.compile(rb"[\x00-\x06\x0e-\x19]")
_BINARY_BYTES: Final = 32  # so near must be a byte that is no text

_EXPORT: Final = "Open it in a spreadsheet and save it as CSV (UTF-8)"
_UNPACK: Final = "Unpack it, and send the CSV file, plain or compressed with gzip"
_WRITE: Final = "Write its rows as CSV"
_AGAIN: Final = "Have it delivered again"
_RIGHT_FILE: Final = "Send the CSV file instead"

_OFFICE_FILE: Final = "an old Excel workbook, or another file of Office"
_SIGNATURES: Final = (
    (GZIP, "compressed twice (gzip in gzip)", "Compress it once"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OFFICE_FILE, _EXPORT),
    (b"\t\x08\x08\x00", "an old Excel workbook", _EXPORT),
    (b"\t\x08\x10\x00", "an old Excel workbook", _EXPORT),
    (b"Obj\x01", "an Avro file", _WRITE),
    (b"ARROW1\x00\x00", "an Arrow file", _WRITE),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _WRITE),
    (b"SQLite format 3\x00", "a SQLite database", _WRITE),
    (b"BZh91AY&SY", "compressed with bzip2", _UNPACK),
    (b"\xfd7zXZ\x00", "compressed with xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", _UNPACK),
    (b"\x04\x22\x4d\x18", "compressed with lz4", _UNPACK),
    (b"\x1f\x9d", "compressed with compress (.Z)", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)", _RIGHT_FILE),
    (b"\xff\xd8\xff", "a picture (JPEG)", _RIGHT_FILE),
    (b"II*\x00", "a picture (TIFF)", _RIGHT_FILE),
    (b"MM\x00*", "a picture (TIFF)", _RIGHT_FILE),
    (b"\x7fELF", "a program", _RIGHT_FILE),
    (b"MZ\x90\x00", "a program", _RIGHT_FILE),
)
_LETTERS: Final = (
    (b"PAR1", "a Parquet file", _WRITE),
    (b"PARE", "an encrypted Parquet file", _WRITE),
    (b"ORC", "an ORC file", _WRITE),
    (b"FEA1", "a Feather file", _WRITE),
    (b"BZh", "compressed with bzip2", _UNPACK),
    (b"GIF87a", "a picture (GIF)", _RIGHT_FILE),
    (b"GIF89a", "a picture (GIF)", _RIGHT_FILE),
)
_PDF: Final = re.compile(rb"%PDF-\d\.\d\s")
_TAR_PLACE: Final = slice(257, 262)

# https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT: names follow 30 bytes of a local
# header, and 46 of a header in the central directory.
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_ZIP_NAME: Final = rb"(?:PK\x03\x04[\s\S]{26}|PK\x01\x02[\s\S]{42})"
_WORKBOOK: Final = re.compile(_ZIP_NAME + rb"xl/")
_OFFICE: Final = re.compile(_ZIP_NAME + rb"(?:\[Content_Types\]\.xml|_rels/|docProps/|word/|ppt/)")
_OPEN_DOCUMENT: Final = b"mimetypeapplication/vnd.oasis.opendocument."


def identify(head: bytes, *, whole: bool) -> Content | None:
    """Say what a file is that is no CSV file; None for one that may be.

    Arguments:
        head: its first bytes, decompressed, HEAD_BYTES of them if there are so many.
        whole: whether that is all of it.
    """
    return _binary(head) or identify_text(head, whole=whole)


def expanded(head: bytes) -> bytes:
    """Expand the beginning of a gzip file, as far as it goes, to HEAD_BYTES at most."""
    try:
        return zlib.decompressobj(_GZIP_WINDOW).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""


def _binary(head: bytes) -> Content | None:
    if head.startswith(_ZIP):
        return _in_zip(head)
    if _PDF.match(head) and b" obj" in head:
        return Content("a PDF document", "Ask for the table as CSV")
    if head[_TAR_PLACE] == b"ustar" and b"\0" in head:
        return Content("a tar archive", _UNPACK)
    binary = _BINARY.search(head, 0, _BINARY_BYTES) is not None
    for signature, what, fix in _SIGNATURES + (_LETTERS if binary else ()):
        if head.startswith(signature):
            return Content(what, fix)
    empty = head and not head.strip(b"\0")
    return Content("nothing but NUL bytes", _AGAIN) if empty else None


def _in_zip(head: bytes) -> Content:
    """Recognise workbooks and documents, which are ZIP archives with certain names in them."""
    if _WORKBOOK.search(head):
        return Content("an Excel workbook", _EXPORT)
    if _OPEN_DOCUMENT + b"spreadsheet" in head:
        return Content("an OpenDocument spreadsheet", _EXPORT)
    if _OFFICE.search(head) or _OPEN_DOCUMENT in head:
        return Content("a document of Office, perhaps an Excel workbook", _EXPORT)
    return Content("a ZIP archive", _UNPACK)
