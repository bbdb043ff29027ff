"""Without a dataset, a file is described and declared so that it reads without a reject."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.guess.declaration import dataset_name
from include.core.guess.infer import column_names
from include.core.runs.quarantine import read_rejected
from infra.common.paths import REPOSITORY
from infra.local.try_file import __main__ as command
from infra.local.try_file.looking import look
from infra.local.try_file.trying import tried, workspace
from tests.support.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.contracts.columns import Column
    from include.contracts.uploads import Upload
    from infra.local.try_file.looking import Look


@pytest.fixture(scope="module")
def look_at() -> Iterator[Callable[[str | bytes], tuple[Look, Upload]]]:
    """Looks at a file of some content, and gives the dataset that its declaration makes."""
    with workspace() as work, tempfile.TemporaryDirectory() as folder:

        def at(content: str | bytes) -> tuple[Look, Upload]:
            path = Path(folder) / "some.csv"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            found = look(path, work)
            module = ModuleType("some")
            exec(found.declaration, module.__dict__)  # noqa: S102 -- a module that was just written
            assert rejected(module.DATASET, path) == 0
            return found, module.DATASET

        yield at


def rejected(dataset: Upload, path: Path) -> int:
    return len(rows_of(dataset, path)[1])


def rows_of(dataset: Upload, path: Path) -> tuple[list[list[Any]], list[str]]:
    """The rows as the pipeline of the dataset would take them, and the codes of the others."""
    with workspace() as work, tried(dataset, path, work) as outcome:
        assert outcome.trial is not None, outcome.causes
        read = [json.loads(text, parse_float=Decimal) for text in outcome.trial.rows()]
        rows = [list(row.values()) for row in read]
        codes = [reject.code for reject in read_rejected(outcome.trial.rejects)]
        return rows, codes


@dataclass(frozen=True)
class Kind:
    """A kind of column: its values, how a file writes them, and how JSON has them."""

    values: st.SearchStrategy[Any]
    write: Callable[[Any], str] = str
    json: Callable[[Any], Any] = str


PLAIN = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"))
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=timezone.utc, microsecond=0)
)
KINDS = {
    "whole": Kind(st.integers(-(2**63), 2**63 - 1), json=int),
    "decimal": Kind(
        st.decimals(-(10**9), 10**9, places=2, allow_nan=False), lambda n: f"{n:.2f}", Decimal
    ),
    "float": Kind(st.floats(1e30, 1e300), repr, lambda n: Decimal(repr(n))),
    "day": Kind(st.dates(date(1000, 1, 1)), date.isoformat, date.isoformat),
    "german day": Kind(st.dates(date(1000, 1, 1)), lambda day: f"{day:%d.%m.%Y}", date.isoformat),
    "moment": Kind(MOMENTS, datetime.isoformat, datetime.isoformat),
    "boolean": Kind(st.booleans(), lambda value: str(value).lower(), bool),
    "code": Kind(st.integers(0, 99_999), lambda n: f"{n:05}", int),
    "text": Kind(st.text(PLAIN, max_size=8)),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[str], list[list[Any]], str]:
    """Kinds of columns, their names, rows of their values, and a delimiter."""
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=2, max_size=5))
    names = [f"{kind} {place}" for place, kind in enumerate(kinds)]
    cells = [st.none() | KINDS[kind].values if draw(st.booleans()) else KINDS[kind].values
             for kind in kinds]  # fmt: skip
    rows = draw(st.lists(st.tuples(*cells).map(list), min_size=1, max_size=8))
    return kinds, names, rows, draw(st.sampled_from(",;\t|"))


@settings(max_examples=examples(6))
@given(tables())
def test_what_is_inferred_reads_the_file_without_a_reject_and_with_the_same_rows(
    look_at: Callable[[str], tuple[Look, Upload]],
    table: tuple[list[str], list[str], list[list[Any]], str],
) -> None:
    kinds, names, rows, delimiter = table
    content = io.StringIO()
    writer = csv.writer(
        content, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_MINIMAL
    )
    writer.writerow(names)
    written = [
        [
            "" if value is None else KINDS[kind].write(value)
            for kind, value in zip(kinds, row, strict=True)
        ]
        for row in rows
    ]
    writer.writerows(written)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some.csv"
        path.write_text(content.getvalue(), encoding="utf-8", newline="")
        _, dataset = look_at(content.getvalue())
        kept, codes = rows_of(dataset, path)
    assert codes == []
    assert len(kept) == len(rows)
    types = [column.type for column in dataset.contract.columns]
    for kept_row, row, texts in zip(kept, rows, written, strict=True):
        for kind, type_, got, value, text in zip(kinds, types, kept_row, row, texts, strict=True):
            if type_ == "text":
                assert got == (text or None)
            elif kind != "text":  # where every text happens to be a number, it is read as one
                assert got == (None if text == "" else KINDS[kind].json(value))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1", "-20", "0"], 'type="bigint", nullable=False'),
        (["1", "", "3"], 'type="bigint"'),
        (["1", "NA", "3"], 'type="bigint"'),
        (["01234", "99999"], 'type="text", nullable=False, pattern="[0-9]{5}"'),
        (["NY", "CA"], 'type="text", nullable=False, pattern="[A-Z]{2}"'),
        (["AB-12", "CD-34"], 'type="text", nullable=False, pattern="[A-Z]{2}-[0-9]{2}"'),
        (["Ana", "Bob"], 'type="text", nullable=False'),
        (["+49", "50"], 'type="text", nullable=False'),
        (["99999999999999999999", "1"], 'type="numeric", nullable=False'),
        (["1.50", "2"], 'type="numeric", nullable=False'),
        (["1e5", "2.5"], 'type="double precision", nullable=False'),
        (["true", "FALSE"], 'type="boolean", nullable=False'),
        (["yes", "no"], 'type="boolean", nullable=False'),
        (["no", "no"], 'type="text", nullable=False'),
        (["2020-01-31", "2020-02-01"], 'type="date", nullable=False'),
        (["31.01.2020", "01.02.2020"], 'type="date", nullable=False, formats=("%d.%m.%Y",)'),
        (["01/31/2020", "02/01/2020"], 'type="date", nullable=False, formats=("%m/%d/%Y",)'),
        (["31/01/2020", "01/02/2020"], 'type="date", nullable=False, formats=("%d/%m/%Y",)'),
        (
            ["01/02/2020", "02/03/2020"],
            'type="text", nullable=False, pattern="[0-9]{2}/[0-9]{2}/[0-9]{4}"',
        ),
        (["2020-01-31T00:00:00Z", "2020-01-31 01:00+02:00"], 'type="timestamptz", nullable=False'),
        (["2020-01-31 00:00:00"], 'type="timestamptz", nullable=False, zone="UTC"'),
    ],
    ids=str,
)
def test_column_is_declared_as_its_values_are(
    look_at: Callable[[str], tuple[Look, Upload]], cells: list[str], said: str
) -> None:
    rows = [f"{cell}|x" for cell in cells]
    found, _ = look_at("value|other\n" + "\n".join([*rows, *rows]) + "\n")
    line = next(line for line in found.declaration.splitlines() if 'name="value"' in line)
    assert line.strip() == f'Column(name="value", {said}),'


def columns_of(dataset: Upload) -> dict[str, Column]:
    return {column.name: column for column in dataset.contract.columns}


def test_days_and_months_that_may_be_either_stay_text_with_a_remark(
    look_at: Callable[[str], tuple[Look, Upload]],
) -> None:
    found, _ = look_at("day,other\n01/02/2020,x\n02/03/2020,x\n")
    assert "# days and months can be read in two ways, %m/%d/%Y or %d/%m/%Y" in found.declaration


def test_word_for_null_that_a_column_of_texts_has_as_well_is_none(
    look_at: Callable[[str], tuple[Look, Upload]],
) -> None:
    _, dataset = look_at("country,cases\nNA,1\nDE,NA\n")
    assert columns_of(dataset)["cases"].type == "text"
    _, dataset = look_at("country,cases\nFR,1\nDE,NA\n")
    assert columns_of(dataset)["cases"].type == "bigint"
    assert dataset.contract.null_tokens == ("", "NA", '"NA"')


def test_column_that_no_two_rows_share_is_the_key_of_items(
    look_at: Callable[[str], tuple[Look, Upload]],
) -> None:
    found, dataset = look_at("town,ID,zip\nUlm,2,01234\nKiel,1,01234\n")
    assert dataset.contract.key == ("id",)
    assert type(dataset).__name__ == "ItemUpload"
    assert found.declaration.count("key=") == 1


def test_pair_that_no_two_rows_share_is_named_beside_messages(
    look_at: Callable[[str], tuple[Look, Upload]],
) -> None:
    found, dataset = look_at("day,state,n\n2020-01-01,NY,1\n2020-01-01,CA,1\n2020-01-02,CA,1\n")
    assert dataset.contract.key == ()
    assert "# No two rows share day and state: a key for a table." in found.declaration


def test_key_that_no_item_may_have_makes_messages(
    look_at: Callable[[str], tuple[Look, Upload]],
) -> None:
    long = "k" * 3000
    _, dataset = look_at(f"id,n\n{long},1\nb,1\n")
    assert dataset.contract.key == ()


def test_file_is_described_with_its_dialect_size_and_the_datasets_that_it_fits(
    look_at: Callable[[str | bytes], tuple[Look, Upload]],
) -> None:
    found, dataset = look_at("ID;HouseNum;Street;Town;Zip\n1;2;Mühle;Köln;01234\n".encode("utf-16"))
    assert found.lines == (
        "# some.csv: CSV, a semicolon, utf-16, 1 rows, 5 columns",
        "# its header fits no shipped dataset",
    )
    assert dataset.contract.encoding == "utf-16"
    found, _ = look_at("date,cases,deaths\n2020-01-01,1,0\n")
    assert found.lines[1] == "# its header fits any_csv, covid_us_daily (source us)"


def test_file_without_a_header_is_declared_so(
    look_at: Callable[[str], tuple[Look, Upload]],
) -> None:
    _, dataset = look_at("1,10,High Street\n2,11,Mill Lane\n3,12,Elm Road\n")
    assert not dataset.contract.header
    assert [column.type for column in dataset.contract.columns] == ["bigint", "bigint", "text"]


def test_column_without_a_name_is_declared_by_its_place(
    look_at: Callable[[str], tuple[Look, Upload]], tmp_path: Path
) -> None:
    _, dataset = look_at(",name,qty\n0,pen,3\n1,ink,4\n")
    assert not dataset.contract.header
    path = tmp_path / "some.csv"
    path.write_text(",name,qty\n0,pen,3\n1,ink,4\n")
    assert rows_of(dataset, path)[0] == [[0, "pen", 3], [1, "ink", 4]]


@pytest.mark.parametrize(
    ("cells", "amounts"),
    [
        (["1.234,56", "-0,5"], [Decimal("1234.56"), Decimal("-0.5")]),
        (["1,234.56", "7"], [Decimal("1234.56"), 7]),
        (["1.0", "20.0"], [1, 20]),
        ([" 1", "20 "], [1, 20]),
    ],
    ids=str,
)
def test_numbers_are_declared_as_they_are_written(
    look_at: Callable[[str], tuple[Look, Upload]],
    tmp_path: Path,
    cells: list[str],
    amounts: list[Any],
) -> None:
    content = "amount;n\n" + "".join(f"{cell};x\n" for cell in cells)
    _, dataset = look_at(content)
    path = tmp_path / "some.csv"
    path.write_text(content)
    assert [row[0] for row in rows_of(dataset, path)[0]] == amounts


def test_declaration_is_written_as_the_projects_formatter_writes(
    look_at: Callable[[str], tuple[Look, Upload]], tmp_path: Path
) -> None:
    headers = [
        "ID",
        "a long name " * 4,
        "with a sign (%)",
        "Straße",
        "2020",
        "id_2",
        "file_version",
    ]
    row = ["1", "NA", "x", "01/02/2020", "2020-01-31 00:00:00", "01234", "é"]
    content = io.StringIO()
    csv.writer(content).writerows([headers, row, ["2", "7", *row[2:]]])
    found, _ = look_at(content.getvalue())
    module = tmp_path / "some.py"
    module.write_text("\n".join([*found.lines, found.declaration]))
    ruff = [sys.executable, "-m", "ruff"]
    config = ["--config", str(REPOSITORY / "pyproject.toml")]
    subprocess.run([*ruff, "format", "--diff", *config, module], check=True, cwd=REPOSITORY)
    subprocess.run(
        [*ruff, "check", "--ignore", "INP001", *config, module], check=True, cwd=REPOSITORY
    )


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        (["HouseNum", "Country/Region", "€", "2020"], ["house_num", "country_region", "column_3",
                                                       "column_2020"]),
        (["a", "A ", "a_2", "A!"], ["a", "a_2", "a_2_2", "a_3"]),
        (["file_version"], ["file_version_2"]),
    ],
)  # fmt: skip
def test_names_of_a_sink_are_plain_and_differ(headers: list[str], names: list[str]) -> None:
    assert column_names(headers) == names


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Some File-2.csv.gz", "some_file_2"),
        ("addresses.csv", "addresses_rows"),
        ("class.csv", "class_rows"),
        ("2020.csv", "column_2020"),
    ],
)
def test_dataset_is_named_like_the_file(file: str, name: str) -> None:
    assert dataset_name(file, taken=["addresses"]) == name


def test_what_is_no_csv_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "some.csv"
    path.write_text("<!DOCTYPE html><html><head><title>Sorry</title></head></html>")
    assert command.main(["--file", str(path)]) == 1
    assert 'some.csv: the file is an HTML page titled "Sorry".' in capsys.readouterr().out


def test_files_of_a_folder_have_a_line_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.csv").write_text("")
    assert command.main(["--file", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "a.csv: CSV, a comma, utf-8, 1 rows, 1 columns",
        "b.csv: the file is empty (0 bytes). Have it delivered again",
    ]
