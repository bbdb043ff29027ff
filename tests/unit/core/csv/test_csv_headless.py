"""First rows that are data where a header should be, and real headers that hold numbers."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import InputFileError
from tests.support.csv_files import Taken, take
from tests.support.examples import examples


def take_any(content: str) -> Taken:
    return take(content, (), unknown_columns="add", delimiter=None, null_tokens=())


@pytest.mark.parametrize(
    "content",
    [
        "1,10,High Street\n2,11,Mill Lane\n3,12,Elm Road\n",
        "1,Ana,Porto\n2,Bo,Ulm\n",
        "Ana,34,Porto\nBo,28,Ulm\n",
        "Ana,Porto\nBo,Ulm\nCy,Porto\n",
        "Ana,Lisbon Road,Porto\nBo,Mill Lane,Ulm\nCy,Elm Road,Porto\n",
        "US,Ana\nUS,Bo\n",
        "2020-01-01,5,Ulm\n2020-01-02,6,Ulm\n",
        "31.12.2020;5;x\n01.01.2021;6;y\n",
        "12:30,a\n12:45,b\n",
        "ana@example.org,Ana\nbo@example.org,Bo\n",
        "https://example.org/a,x\nhttps://example.org/b,y\n",
        "1,,High Street\n2,,Mill Lane\n",
        "1,Flat 2,High Street\n2,11,Mill Lane\n3,12,Elm Road\n",
        "1,n/a,x\n2,5,y\n",
        "Porto,2019,5\nUlm,2020,7\n",
        "Porto,2019,2020\nUlm,2018,2021\nBonn,2001,2002\n",
        "Ana,2020-01-01,2020-02-01\nBo,2020-03-01,2020-04-01\n",
        "-1.5,x\n2.5,y\n",
        "$5,x\n$7,y\n",
        "5%,x\n7%,y\n",
        "1,2,3\n4,5,6\n",
        "2019,2020,2021\n1,2,3\n",
        "5\n6\n",
        "1,10,High Street\n",
        "1,5\n",
        "Ulm\nPorto\nUlm\n",
        ",\n1,2\n",
        ",0,1\n0,5,7\n",
        "1\t2\n3\t4\n",
        "007,x\n008,y\n",
    ],
)
def test_first_row_that_looks_like_data_is_an_error(content: str) -> None:
    with pytest.raises(InputFileError, match="line 1: the first row looks like data"):
        take_any(content)


@pytest.mark.parametrize(
    "content",
    [
        "country,2019,2020,2021\nPorto,1,2,3\nUlm,4,5,6\n",
        "country,2021,2020\nPorto,1,2\nUlm,4,5\n",
        "State,2020\nOhio,11799448\nIowa,3190369\n",
        "Province/State,Country/Region,Lat,Long,1/22/20,1/23/20\n,US,1.5,2.5,0,1\n,UK,2,3,1,1\n",
        "student,1,2,3,4\nAna,5,3,2,1\nBo,1,1,1,5\n",
        "q,0.05,0.5,0.95\na,1.5,7,2\n",
        "month,2020-01,2020-02\nA,5,6\n",
        "RespondentID,Red,Green\n1,Red,\n2,,Green\n3,Red,Green\n",
        "Respondent,Red,Green\nAna,Red,\nBo,,Green\n",
        "word,count\nthe,5\nword,3\n",
        "ID,Name\n1,Ana\nID,Name\n2,Bo\n",
        "ID,Name,Age,5\n1,Ana,7,1\n2,Bo,9,2\n",
        "name\nAna\nBo\n",
        "name\n",
        "a,b\n1,2\n",
        "Ana,Porto\nBo,Ulm\n",
        "1st,2nd\n1,2\n",
        "Date,Open,100\n2020-01-01,5,6\n2020-01-02,7,8\n",
        "0-9,10-19,age\n1,2,x\n",
        "id,value\n",
        "7_day_avg,%\n1,2\n",
        "a\n",
        "x,y\n,\n",
        "total,Total 2\nx,y\n",
    ],
)
def test_header_with_numbers_in_it_is_accepted(content: str) -> None:
    taken = take_any(content)
    assert taken.counts.read == content.count("\n") - 1


words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=8)


@given(
    names=st.lists(words, min_size=1, max_size=6, unique=True),
    numbers=st.lists(st.integers(-9999, 9999), min_size=6, max_size=6),
    count=st.integers(0, 30),
)
@settings(max_examples=examples(30))
def test_words_above_numbers_are_always_a_header(
    names: list[str], numbers: list[int], count: int
) -> None:
    text = io.StringIO(newline="")
    rows = [[number + row for number in numbers[: len(names)]] for row in range(count)]
    csv.writer(text).writerows([names, *rows])
    assert take_any(text.getvalue()).counts.kept == count


@given(
    texts=st.lists(words, min_size=1, max_size=3),
    # Numbers that may be years may be names of columns.
    start=st.integers(0, 1700) | st.integers(2200, 10**9),
    count=st.integers(1, 30),
)
@settings(max_examples=examples(30))
def test_rows_that_are_numbered_are_never_taken_for_a_header(
    texts: list[str], start: int, count: int
) -> None:
    rows = "".join(f"{start + row},{','.join(texts)}{row}\n" for row in range(count))
    with pytest.raises(InputFileError, match="looks like data"):
        take_any(rows)


def test_first_row_is_held_against_the_contract_where_columns_are_declared() -> None:
    assert take("a,b,5\n1,2,6\n2,3,7\n", unknown_columns="add").names == ["a", "b", "5"]
