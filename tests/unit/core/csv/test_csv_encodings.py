"""Byte-order marks, encodings and the bytes they do not have."""

# ruff: noqa: RUF001 -- signs that look like others are what this is about

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import InputFileError
from tests.support.csv_files import take
from tests.support.examples import examples

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
        b"\x92",
        b"don\x80\x99t",
        b"x\x99y",
        b"5\xff",
        b"a\xe2\x82",
        b"\xf0\x9f\x98",
        b"\x81a",
        b"a \x93 b",
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


@pytest.mark.parametrize(
    "text",
    [
        "it’s", "l’été", "“Hello”", "say “x”, then", "5–10", "a – b", "€ 5", "€5,90", "5 €",
        "wait…", "Word™", "‘x’ y", "• item", "Škoda", "naïve – “café”", "L’Œuvre", "10,5 €",
    ],
)  # fmt: skip
def test_windows_1252_undeclared_is_recognised_by_its_own_signs(text: str) -> None:
    quoted = f'"{text}"' if "," in text else text
    content = "a,b\n" + "1,2\n" * 50 + f"3,{quoted}\n"
    with pytest.raises(InputFileError, match=r'line 52: .* Windows-1252, .* encoding="cp1252"'):
        take(content.encode("cp1252"))
    assert take(content.encode("cp1252"), encoding="cp1252").rows[-1] == ("3", text)


def test_windows_1252_is_recognised_where_fewer_rows_are_broken_otherwise() -> None:
    body = "3,it’s\n4,don’t\n5,café\n".encode("cp1252") + b"6,\xff\n7,x\xfe\n"
    with pytest.raises(InputFileError, match="line 2: the file looks like Windows-1252"):
        take(b"a,b\n" + body)


def test_broken_bytes_reject_their_rows_where_more_of_them_make_no_sense() -> None:
    body = "3,it’s\n".encode("cp1252") + b"6,\xff\n7,5\xfe\n"
    assert [line for line, _ in take(b"a,b\n" + body).codes] == [2, 3, 4]


def test_windows_1252_sign_beside_valid_utf_8_rejects_its_row_alone() -> None:
    taken = take("a,b\n1,it’s\n".encode() + "2,it’s\n".encode("cp1252"))
    assert (taken.codes, taken.rows) == ([(3, "bad_encoding")], [("1", "it’s")])


@given(text=st.text(alphabet="aé€’–日😀ß", min_size=1, max_size=8), cut=st.integers(1, 3))
@settings(max_examples=examples(60))
def test_cut_utf_8_beside_whole_utf_8_is_never_taken_for_windows_1252(text: str, cut: int) -> None:
    broken = text.encode()[:-cut]
    taken = take("a,b\n1,é\n2,".encode() + broken + b"\n", null_tokens=())
    assert taken.counts.read == 2


def test_latin_1_in_the_header_undeclared_is_an_error() -> None:
    with pytest.raises(
        InputFileError, match="column 2 of the header is not utf-8: it holds the byte 0xE9"
    ):
        take("a,é\n1,2\n".encode("latin-1"), unknown_columns="add")


def test_latin_1_declared_is_accepted() -> None:
    assert take("a,b\n1,café\n".encode("latin-1"), encoding="latin-1").rows == [("1", "café")]


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "а,б\nПривет,мир\n", "一,二\n東京,大阪\n"])
@pytest.mark.parametrize(
    ("codec", "called"),
    [
        ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"), ("utf-32-le", "UTF-32"), ("utf-32-be", "UTF-32"),
    ],
)  # fmt: skip
def test_utf_16_and_utf_32_undeclared_are_an_error(text: str, codec: str, called: str) -> None:
    with pytest.raises(InputFileError, match=f'looks like {called}, not utf-8.*"{codec}"'):
        take(text.encode(codec))


@pytest.mark.parametrize("codec", ["utf-16", "utf-32-le"])
def test_plain_text_where_utf_16_is_declared_is_an_error(codec: str) -> None:
    with pytest.raises(InputFileError, match="looks like plain ASCII, not utf-"):
        take("a,b\n1,2\n", encoding=codec)


@pytest.mark.parametrize("codec", ["latin-1", "cp1252"])
def test_mark_of_utf_8_where_latin_1_is_declared_is_an_error(codec: str) -> None:
    with pytest.raises(InputFileError, match="begins with the mark of UTF-8"):
        take(BOM + b"a,b\n1,2\n", encoding=codec)


def test_few_nul_bytes_are_no_utf_16() -> None:
    taken = take("a,b\n" + "1,\0\n" * 9)
    assert [code for _, code in taken.codes] == ["nul"] * 9


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-32"])
def test_utf_16_declared_is_accepted(codec: str) -> None:
    taken = take('a,b\n1,"é\n😀"\n'.encode(codec), encoding=codec)
    assert taken.rows == [("1", "é\n😀")]


@pytest.mark.parametrize("codec", ["utf-16", "utf-32"])
def test_file_without_the_mark_that_its_encoding_needs_is_an_error(codec: str) -> None:
    with pytest.raises(InputFileError, match=f'byte-order mark that {codec} needs.*"{codec}-le"'):
        take("a,b\n1,2\n".encode(f"{codec}-be"), encoding=codec)


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


@pytest.mark.parametrize("cell", ["2", '"2"'])
def test_mark_before_a_row_is_no_data_also_where_other_rows_have_quotes(cell: str) -> None:
    taken = take(f"a,b\n1,{cell}\n\ufeff3,4\n")
    assert taken.rows == [("1", "2"), ("3", "4")]


def test_mark_is_no_data_wherever_a_chunk_begins() -> None:
    rows = "".join(f"\ufeff{number},{'é' * (number % 7)}\n" for number in range(20_000))
    taken = take("a,b\n" + rows, null_tokens=())
    assert [row[0] for row in taken.rows] == [str(number) for number in range(20_000)]


@pytest.mark.parametrize("cell", ["x\ufeff", "x\ufeffy", '"\ufeffx"', '"x\ufeff"'])
def test_mark_inside_a_cell_stays(cell: str) -> None:
    assert take(f"a,b\n{cell},2\n").rows == [(cell.strip('"'), "2")]
    assert take("a,b\n1,\ufeff\n").rows == [("1", "\ufeff")]
