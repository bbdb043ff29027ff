"""The head of a file is made of whole rows, and of a bounded part of it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import InputFileError
from include.pipelines.table_export_to_kinesis import file_heads
from include.pipelines.table_export_to_kinesis.file_heads import FETCHED_BYTES, write_head

if TYPE_CHECKING:
    from pathlib import Path


def head_of(folder: Path, fetched: bytes, *, name: str = "a.csv", whole: bool = False) -> bytes:
    """The head of what was fetched of a file."""
    (folder / "fetched").write_bytes(fetched)
    assert write_head(folder / "fetched", folder / "head", name=name, whole=whole) == whole
    return (folder / "head").read_bytes()


CELLS = st.text(st.sampled_from('ab,"\n\r;'), max_size=6)


@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1), cut=st.integers(0, 200))
def test_head_of_a_cut_file_is_its_first_rows(rows: list[list[str]], cut: int) -> None:
    content = io.StringIO()
    csv.writer(content, lineterminator="\n").writerows(rows)
    whole = content.getvalue().encode()
    part = whole[: min(cut, len(whole))]
    try:
        head = file_heads._whole_rows(part, name="a.csv")
    except InputFileError:
        assert b"\n" not in part
        return
    ends = [0]
    for row in rows:
        one = io.StringIO()
        csv.writer(one, lineterminator="\n").writerow(row)
        ends.append(ends[-1] + len(one.getvalue()))
    # Where the first row alone is cut, what remains of it is no row either way.
    assert len(head) in ends or len(part) < ends[1]
    assert whole.startswith(head)


def test_file_that_is_whole_is_left_as_it_is(tmp_path: Path) -> None:
    assert head_of(tmp_path, b"a,b\n1,2", whole=True) == b"a,b\n1,2"
    assert head_of(tmp_path, b"a,b\n1,2\n3,") == b"a,b\n1,2\n"
    assert head_of(tmp_path, b"a,b\r1,2\r3,") == b"a,b\r1,2\r"
    assert head_of(tmp_path, b"a\0\n\0b\0\n") == b"a\0\n\0"


def test_head_of_gzip_is_decompressed_as_far_as_it_was_fetched(tmp_path: Path) -> None:
    lines = (f"{n};{hashlib.sha256(bytes(n)).hexdigest()}\n" for n in range(20_000))
    text = "".join(lines).encode()
    fetched = gzip.compress(text)[:FETCHED_BYTES]
    head = head_of(tmp_path, fetched, name="a.gz")
    assert text.startswith(head)
    assert FETCHED_BYTES < len(head) < len(text)
    assert head.endswith(b"\n")


def test_gzip_that_is_cut_is_refused_where_all_of_it_was_fetched(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="cut short"):
        head_of(tmp_path, gzip.compress(b"a;b\n" * 100)[:-9], name="a.gz", whole=True)


def test_endless_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="no end of a line"):
        head_of(tmp_path, b"a" * 100_000)
