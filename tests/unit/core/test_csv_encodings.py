"""Byte-order marks, encodings and the bytes they do not have."""

from __future__ import annotations

import codecs

import pytest

from include.errors import InputFileError
from tests.unit.core.csv_files import take

BOM = codecs.BOM_UTF8


@pytest.mark.parametrize("head", [b"a,b", b'"a",b', b'"a","b"'])
def test_byte_order_mark_is_accepted_also_before_a_quoted_name(head: bytes) -> None:
    assert take(BOM + head + b"\n1,2\n").rows == [("1", "2")]
    assert take(BOM + head + b"\n1,2\n", encoding="utf-8-sig").rows == [("1", "2")]


def test_two_byte_order_marks_are_an_error() -> None:
    with pytest.raises(InputFileError, match="line 1: the file begins with two byte-order marks"):
        take(BOM + BOM + b"a,b\n1,2\n")


def test_byte_order_mark_alone_is_an_error() -> None:
    with pytest.raises(InputFileError, match="the file ends before its header"):
        take(BOM)


@pytest.mark.parametrize(
    "bad",
    [
        b"\xff",
        b"\xfe\xff",
        b"\xc3(",
        b"caf\xc3",
        b"it\xe2\x80s",
        b"\xe9",
        b"\x80x",
        b"\xed\xa0\x80",
    ],
)
def test_invalid_utf_8_in_a_cell_rejects_its_row_alone(bad: bytes) -> None:
    taken = take(b"a,b\n1,2\n3," + bad + b"\n5,6\n")
    assert taken.codes == [(3, "bad_encoding")]
    assert taken.rejects[0].column == "b"
    assert taken.rows == [("1", "2"), ("5", "6")]


def test_invalid_utf_8_beside_valid_utf_8_rejects_its_row_alone() -> None:
    taken = take("a,b\n1,café\n".encode() + b"2,caf\xe9\n")
    assert (taken.codes, taken.rows) == ([(3, "bad_encoding")], [("1", "café")])


def test_raw_text_of_a_reject_shows_undecodable_bytes_and_nul() -> None:
    taken = take(b'a,b\n\xff\x00,"x\xfey"\n')
    assert taken.rejects[0].raw == '\\xff\\x00,"x\\xfey"'


@pytest.mark.parametrize("word", ["café", "Zürich", "São Paulo", "ÎLE", "Curaçao", "l'été"])
def test_latin_1_undeclared_is_an_error(word: str) -> None:
    with pytest.raises(InputFileError, match="line 3: the file looks like Latin-1"):
        take(b"a,b\n1,2\n3," + word.encode("latin-1") + b"\n")


def test_latin_1_in_the_header_undeclared_is_an_error() -> None:
    with pytest.raises(InputFileError, match="column 2 of the header is not utf-8"):
        take("a,é\n1,2\n".encode("latin-1"), unknown_columns="add")


def test_latin_1_declared_is_accepted() -> None:
    assert take("a,b\n1,café\n".encode("latin-1"), encoding="latin-1").rows == [("1", "café")]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_undeclared_is_an_error(codec: str) -> None:
    with pytest.raises(InputFileError, match="looks like UTF-16, not utf-8"):
        take("a,b\n1,2\n".encode(codec))


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-32"])
def test_utf_16_declared_is_accepted(codec: str) -> None:
    taken = take('a,b\n1,"é\n😀"\n'.encode(codec), encoding=codec)
    assert taken.rows == [("1", "é\n😀")]


def test_lone_surrogate_in_declared_utf_16_rejects_its_row_alone() -> None:
    content = "a,b\n1,".encode("utf-16-le") + b"\x00\xd8" + "\n3,4\n".encode("utf-16-le")
    taken = take(content, encoding="utf-16-le")
    assert (taken.codes, taken.rows) == ([(2, "bad_encoding")], [("3", "4")])


@pytest.mark.parametrize("cell", ["x\0y", '"x\0y"', "\0"])
def test_nul_in_a_value_is_rejected(cell: str) -> None:
    taken = take(f"a,b\n1,2\n{cell},4\n5,6\n")
    assert [(r.line, r.column, r.code) for r in taken.rejects] == [(3, "a", "nul")]
    assert taken.rows == [("1", "2"), ("5", "6")]


@pytest.mark.parametrize(
    "text",
    [
        "😀👨‍👩‍👧",
        "zero\u200bwidth",
        "\u202eright to left",
        "e\u0301",
        "é",
        "\u2028line",
        "\x85",
        "\x1c\x0b",
    ],
)
def test_text_of_any_script_is_kept_unchanged(text: str) -> None:
    assert take(f'a,b\n{text},"{text}"\n').rows == [(text, text)]


def test_character_cut_by_a_chunk_is_read_whole() -> None:
    text = "é" * 100_000
    for shift in ("", "x"):
        assert take(f"a,b\n{shift}{text},1\n").rows == [(shift + text, "1")]


# Files that were joined, each with its byte-order mark


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("head", ["a,b", '"a","b"'])
def test_mark_of_a_file_that_was_joined_is_no_data(codec: str, end: str, head: str) -> None:
    content = f"\ufeff{head}\n1,2\n\ufeff{head}\n3,4\n\ufeff{head}\n5,6\n".replace("\n", end)
    own_mark = codec == "utf-16"  # this codec writes one itself
    taken = take(content[own_mark:].encode(codec), encoding=codec)
    assert taken.rows == [("1", "2"), ("3", "4"), ("5", "6")]
    assert taken.codes == [(3, "header_repeated"), (5, "header_repeated")]


def test_mark_before_a_row_is_no_data() -> None:
    taken = take('a,b\n1,2\n\ufeff3,4\n\ufeff"5","6"\n\ufeff\ufeff7,8\n\ufeff\n')
    assert taken.rows == [("1", "2"), ("3", "4"), ("5", "6"), ("7", "8")]
    assert (taken.codes, taken.counts.blank) == ([], 1)


def test_mark_is_no_data_wherever_a_chunk_begins() -> None:
    rows = "".join(f"\ufeff{number},{'é' * (number % 7)}\n" for number in range(20_000))
    taken = take("a,b\n" + rows, null_tokens=())
    assert [row[0] for row in taken.rows] == [str(number) for number in range(20_000)]


@pytest.mark.parametrize("cell", ["x\ufeff", "x\ufeffy", '"\ufeffx"', '"x\ufeff"'])
def test_mark_inside_a_cell_stays(cell: str) -> None:
    assert take(f"a,b\n{cell},2\n").rows == [(cell.strip('"'), "2")]
    assert take("a,b\n1,\ufeff\n").rows == [("1", "\ufeff")]
