"""What bytes are that should be CSV, and that CSV is never taken for something else."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import zipfile
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.content.formats import HEAD_BYTES, identify
from include.errors import InputFileError
from tests.support.csv_files import take
from tests.support.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

TABLE = b"ID,Name\n1,Ana\n"
S3_ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>'
    b"<Message>Access Denied</Message><RequestId>4442</RequestId></Error>"
)
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, TABLE.decode())
    return packed.getvalue()


def open_document(kind: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
    return packed.getvalue()


def tarred() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("a.csv")
        entry.size = len(TABLE)
        archive.addfile(entry, io.BytesIO(TABLE))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (LFS, "a Git LFS pointer, not the file itself. Fetch the file from its LFS address"),
        (b"../.git/annex/objects/Zx/9k/SHA256E-s9--aa.csv/SHA256E-s9--aa.csv", "git-annex"),
        (b"/annex/objects/MD5E-s9--aa.csv\n", "a git-annex pointer"),
        (b"<!DOCTYPE html>\n<html><head><title>Rate limit\n exceeded</title>",
         'an HTML page titled "Rate limit exceeded". Open it'),
        (b"\n <HTML lang='de'><head><TITLE>Zugriff f&uuml;r &quot;x&quot;</TITLE>",
         r"""an HTML page titled "Zugriff f\\xfcr 'x'"."""),
        (b"<!-- x --><html><body><h1>502 <i>Bad</i> Gateway</h1>", 'titled "502 Bad Gateway"'),
        (b"<html>" + b"<title>" + b"long " * 40 + b"</title>", '(?:long ){15}lo\\.\\.\\."'),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html><html></html>', "an HTML page. Open it"),
        (b"<table><tr><td>1</td></tr></table>", "an HTML page. Open it"),
        (b"<html>", "an HTML page"),
        (S3_ERROR, "an error of S3 or a service like it \\(AccessDenied\\)"),
        (S3_ERROR[39:], "AccessDenied"),
        (b'<?xml version="1.0"?>\n<rows><row>1</row></rows>', "an XML document \\(rows\\)"),
        (b"<kml:doc a='b'>\n <x/></kml:doc>", "an XML document \\(kml:doc\\)"),
        (b"<message>No</message>\n", "an XML document"),
        (b'{"message": "Not Found", "status": "404"}', 'a JSON answer that says "Not Found"'),
        (b'{"error": {"code": 1, "message": "No\\n way"}}', 'says "No way"'),
        (b'{"errors": ["Bad"]}', 'says "Bad"'),
        (b' {"id": 1, "name": "Ana"} ', "a JSON answer. Send its rows as CSV"),
        (b'[{"id": 1}, {"id": 2}]', "a JSON answer"),
        (b"[1, 2]", "a JSON answer"),
        (b"{}", "a JSON answer"),
        (b'{"id": 1}\n{"id": 2}\n', "NDJSON"),
        (b'{"id": 1}\r\n\r\n{"id": 2}', "NDJSON"),
        (b"[1]\n[2]\n", "NDJSON"),
        (json.dumps([{"name": "Ana"}] * 9000).encode(), "JSON"),
        (json.dumps({"rows": [1.5, True, None] * 9000}).encode(), "JSON"),
        (b"[" * 70_000, "JSON"),
        (b"<br />\n<b>Warning</b>: mysqli", "an HTML page"),
        (b"404: Not Found", "a server's answer that it has no file"),
        (b"503 Service Unavailable\n", "a server's answer"),
        (b"../data/us.csv", "a link to another file, not the file itself"),
        (zipped("a.csv"), "a ZIP archive. Unpack it"),
        (zipped(), "a ZIP archive"),
        (zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"), "an Excel workbook"),
        (zipped("[Content_Types].xml", "word/document.xml"), "a document of Office"),
        (open_document("spreadsheet"), "an OpenDocument spreadsheet"),
        (open_document("text"), "a document of Office"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504), "an old Excel workbook"),
        (b"\t\x08\x10\x00\x00\x06", "an old Excel workbook"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>", "a PDF document"),
        (b"Obj\x01\x04\x14avro.codec", "an Avro file"),
        (b"ORC\x0a\x03\x00\x00", "an ORC file"),
        (b"SQLite format 3\x00\x10\x00", "a SQLite database"),
        (bz2.compress(TABLE), "compressed with bzip2"),
        (bz2.compress(b""), "compressed with bzip2"),
        (lzma.compress(TABLE), "compressed with xz"),
        (bytes.fromhex("28b52ffd041d49"), "compressed with zstd"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7z archive"),
        (tarred(), "a tar archive"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a picture"),
        (rb"{\rtf1\ansi ID,Name}", "a text document"),
        (b"-----BEGIN PGP MESSAGE-----\n\nhQ", "encrypted or signed text"),
        (bytes(100), "nothing but NUL bytes"),
        (bytes(range(32)) * 8, "binary data"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8], ids=["", "after a byte-order mark"])
def test_file_that_is_no_csv_is_refused_by_what_it_is(
    content: bytes, what: str, mark: bytes
) -> None:
    if mark and content[:1] not in b"<{[v-4":
        return
    with pytest.raises(InputFileError, match=f"file.csv.*: the file is .*{what}"):
        take(mark + content, (), unknown_columns="add", delimiter=None)


def test_file_that_was_compressed_twice_is_refused() -> None:
    with pytest.raises(InputFileError, match=r"a\.csv\.gz: the file is compressed twice"):
        take(gzip.compress(gzip.compress(TABLE)), name="a.csv.gz")


def test_what_is_inside_a_compressed_file_is_recognised_too() -> None:
    with pytest.raises(InputFileError, match="a ZIP archive"):
        take(gzip.compress(zipped("a.csv")), name="a.csv.gz")


def test_file_that_is_not_the_gzip_that_its_name_says_is_refused_by_what_it_is() -> None:
    with pytest.raises(InputFileError, match=r"content is not gzip: the file is a ZIP archive"):
        take(zipped("a.csv"), name="a.csv.gz")


def test_files_that_other_programs_wrote_are_known(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 1 as a) to '{tmp_path}/a.parquet' (format parquet)")
    sqlite3.connect(tmp_path / "a.db").execute("create table a (b)")
    for name, what in (("a.parquet", "a Parquet file"), ("a.db", "a SQLite database")):
        found = identify((tmp_path / name).read_bytes()[:HEAD_BYTES], whole=False)
        assert found is not None
        assert found.what == what


def test_no_row_of_a_json_document_gets_into_the_error() -> None:
    for content in (b'[{"message": "secret"}]', b'{"message": "secret"}\n{"message": "b"}\n'):
        found = identify(content, whole=True)
        assert found is not None
        assert "secret" not in found.what


@pytest.mark.parametrize(
    "content",
    [
        b"PK,name\n1,2\n", b"PK\n1\n", b"PAR1,x\n1,2\n", b"ORC\n", b"BZh,a\n", b"GIF89a,x\n",
        b"%PDF-1.7,x\n1,2\n", b"[ID],[Name]\n1,2\n", b"[1],[2]\n", b"{id},{name}\n1,2\n",
        b"{},x\n", b"[],x\n", b'"{""a"":1}",b\n', b"<5,5-10,>10\n1,2,3\n", b"<5\n1\n",
        b"<html>,<body>\n1,2\n", b"<p>;<h1>\n1;2\n", b"<b>\n<i>\n", b"<a>,<b>\n</a>,2\n",
        b"<p>\n<h1>\n", b"<name>\tx\n1\t2\n", b"version,oid\n1,2\n", b"versions\n",
        b"-----BEGIN\n1\n", b"./a,/b\n", b"annex/objects/x,y\n", b"II*,MM\n", b"Rar!\n", b"7z\n",
        b"<p> a,<h1> b\n<p></p>,2\n", b"[\n1\n", b"{\n1\n", b"[a\n", b"[null],[true]\n",
        b"404\n1\n", b"404 A,B\n", b"../a.csv,b\n", b"../a.csv\n1\n", b"<br>,<b>\n",
        b"Obj\n", b"MZ,a\n", b"ustar\n", b"\n\n", b"",
    ],
)  # fmt: skip
def test_table_with_any_names_is_taken_for_nothing_else(content: bytes) -> None:
    assert identify(content, whole=True) is None


names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)
starts = st.sampled_from(
    ["", "PK", "{", "[", "<", "%PDF-", "ORC", "PAR1", "BZh", "version ", "<p>"]
)


@given(
    first=st.tuples(starts, names).map("".join),
    rest=st.lists(names, min_size=1, max_size=4),
    rows=st.lists(st.lists(names, min_size=5, max_size=5), max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@settings(max_examples=examples(100))
def test_table_that_the_standard_library_writes_is_never_refused(
    first: str, rest: list[str], rows: list[list[str]], delimiter: str, quoting: int
) -> None:
    text = io.StringIO(newline="")
    width = 1 + len(rest)
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerows(  # type: ignore[arg-type]
        [[first, *rest], *(row[:width] for row in rows)]
    )
    assert identify(text.getvalue().encode(), whole=True) is None


@given(content=st.binary(max_size=300))
@settings(max_examples=examples(100))
def test_identification_ends_for_any_bytes(content: bytes) -> None:
    identify(content, whole=True)
    identify(content, whole=False)
