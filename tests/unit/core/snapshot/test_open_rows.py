"""Snapshots as CSV, read while they are written."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pytest

from include.contracts.columns import Column
from include.contracts.tables import Table
from include.core.snapshot.files import open_rows
from include.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

TABLE = Table(
    schema="public",
    name="thing",
    columns=(Column(name="number", type="bigint"), Column(name="label", type="text")),
    key=("number",),
)


@contextmanager
def opened(parquet: Path, folder: Path) -> Iterator[IO[bytes]]:
    folder.mkdir()
    with open_rows(TABLE, parquet, folder=folder, memory="128MB") as file:
        yield file


def snapshot_of(tmp_path: Path, select: str) -> Path:
    path = tmp_path / "made.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy ({select}) to '{path}' (format parquet)")
    return path


def test_null_and_empty_text_are_written_differently(tmp_path: Path) -> None:
    made = snapshot_of(
        tmp_path, "from (values (1::bigint, 'a,\"b\"'), (2, ''), (3, null)) as t(number, label)"
    )
    with opened(made, tmp_path / "work") as file:
        assert file.read() == b'1,"a,""b"""\n2,""\n3,\n'


def test_all_rows_arrive_in_order_when_they_exceed_the_pipe(tmp_path: Path) -> None:
    made = snapshot_of(tmp_path, "select i as number, 'x' as label from range(300000) r(i)")
    with opened(made, tmp_path / "work") as file:
        assert all(line == b'%d,"x"\n' % number for number, line in enumerate(file))


def test_a_snapshot_without_rows_is_an_empty_file(tmp_path: Path) -> None:
    made = snapshot_of(tmp_path, "select i as number, 'x' as label from range(0) r(i)")
    with opened(made, tmp_path / "work") as file:
        assert file.read() == b""


@pytest.mark.parametrize("read_before", [0, 10])
def test_a_reader_that_fails_early_ends_the_writer_and_raises_its_own_error(
    tmp_path: Path, read_before: int
) -> None:
    made = snapshot_of(tmp_path, "select i as number, 'x' as label from range(300000) r(i)")

    def read_and_fail() -> None:
        with opened(made, tmp_path / "work") as file:
            file.read(read_before)
            raise ConnectionResetError("cut")

    with pytest.raises(ConnectionResetError, match="cut"):
        read_and_fail()


def test_a_damaged_snapshot_fails_although_its_first_rows_can_be_read(tmp_path: Path) -> None:
    made = snapshot_of(
        tmp_path, "select i as number, hash(i)::varchar as label from range(300000) r(i)"
    )
    whole = bytearray(made.read_bytes())
    middle = len(whole) * 3 // 4
    whole[middle : middle + 5000] = bytes(5000)
    made.write_bytes(whole)

    def read() -> None:
        with opened(made, tmp_path / "work") as file:
            assert file.readline().startswith(b"0,")
            file.read()

    with pytest.raises(RuleError, match="DuckDB refused"):
        read()


def test_a_snapshot_that_lacks_a_column_fails(tmp_path: Path) -> None:
    made = snapshot_of(tmp_path, "select 1::bigint as number")

    def read() -> None:
        with opened(made, tmp_path / "work") as file:
            file.read()

    with pytest.raises(RuleError, match="DuckDB refused"):
        read()
