"""Files that people met, read with the contracts of the shipped datasets."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from include.core.csv.faults import Reject
from include.core.csv.rows import read_rows
from include.datasets import addresses, any_csv, covid_us_daily
from include.errors import InputFileError
from include.pipelines.csv_upload_to_sqs.trial import try_file

if TYPE_CHECKING:
    from pathlib import Path

    from include.contracts.files import CsvContract

ANY = any_csv.DATASET.contract
ADDRESSES = addresses.DATASET.contract
US = covid_us_daily.DATASET.sources[0].contract
ADDRESS_HEAD = "ID,HouseNum,Street,Town,Zip"


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "ID,Name\n1,Ana\n")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "objects"),
    [
        ('ID;Name;Town\r\n1;Ana;Porto\r\n2;Bo;"Ulm; Donau"\r\n',
         [{"ID": "1", "Name": "Ana", "Town": "Porto"},
          {"ID": "2", "Name": "Bo", "Town": "Ulm; Donau"}]),
        ("ID\tName\tTown\n1\tAna\tPorto\n", [{"ID": "1", "Name": "Ana", "Town": "Porto"}]),
        ("sep=;\r\nID;Name\r\n1;Ana\r\n", [{"ID": "1", "Name": "Ana"}]),
        ("ID, Name, Amount (€)\n1,Ana,3\n", [{"ID": "1", "Name": "Ana", "Amount (€)": "3"}]),
        (",name,qty\n0,pen,3\n", [{"column_1": "0", "name": "pen", "qty": "3"}]),
        ('id,"say ""%s"" \\ {x}"\n1,2\n', [{"id": "1", 'say "%s" \\ {x}': "2"}]),
        ("\ufeffID,Name\n1,Ana\n\ufeffID,Name\n2,Bo\n",
         [{"ID": "1", "Name": "Ana"}, {"ID": "2", "Name": "Bo"}]),
    ],
    ids=["semicolon", "tab", "sep line", "blanks in header", "pandas index", "signs", "joined"],
)  # fmt: skip
def test_any_csv_file_becomes_objects_with_names_as_they_stand(
    tmp_path: Path, content: str, objects: list[dict[str, str]]
) -> None:
    folder = tmp_path / "trial"
    folder.mkdir()
    trial = try_file(any_csv.DATASET, written(tmp_path, content), folder=folder)
    assert [json.loads(text) for text in trial.rows()] == objects


@pytest.mark.parametrize(
    ("name", "content", "contract", "problem"),
    [
        ("a.csv", "# exported by hand\nID,Name\n1,Ana\n2,Bo\n", ANY,
         "header seems to be on line 2. .* preamble_lines = 1"),
        ("a.csv.gz", gzip.compress(gzip.compress(b"ID,Name\n1,Ana\n")), ANY, "compressed twice"),
        ("a.csv", zipped("a.csv"), ANY, "the file is a ZIP archive"),
        ("a.csv", zipped("[Content_Types].xml", "xl/workbook.xml"), ADDRESSES, "an Excel workbook"),
        ("a.csv", "<!DOCTYPE html>\n<html><head><title>Slow down</title></head></html>", ADDRESSES,
         'an HTML page titled "Slow down"'),
        ("a.csv", '{"message": "Not Found", "status": "404"}', US, 'says "Not Found"'),
        ("a.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 1\n", ANY,
         "a Git LFS pointer"),
        ("a.csv", "Date,Cases,Deaths\n2020-01-21,1,0\n", US,
         "`Date` differs from `date` in letter case only"),
        ("a.csv", "1,10,High Street\n2,11,Mill Lane\n3,12,Elm Road\n", ANY,
         "the first row looks like data"),
        ("a.csv", "1,10,High Street,Ulm,01234\n2,11,Mill Lane,Ulm,01234\n", ADDRESSES,
         "there is no header here"),
        ("a.csv", "\ufeff\ufeffID,Name\n1,Ana\n", ANY, "two byte-order marks"),
    ],
    ids=[
        "comment first", "gzip in gzip", "ZIP", "workbook", "web page", "JSON answer", "pointer",
        "letter case of the header", "no header", "no declared header", "two marks",
    ],
)  # fmt: skip
def test_file_is_refused_with_its_true_reason(
    tmp_path: Path, name: str, content: str | bytes, contract: CsvContract, problem: str
) -> None:
    with pytest.raises(InputFileError, match=f"^{name}.*: .*{problem}"):
        list(read_rows(written(tmp_path, content), name=name, contract=contract))


def test_files_that_were_joined_have_no_key_with_a_mark(tmp_path: Path) -> None:
    content = (
        f"\ufeff{ADDRESS_HEAD}\r\n1,10,High Street,Springfield,01234\r\n"
        f"\ufeff{ADDRESS_HEAD}\r\n3,4,Elm Road,Ulm,01111\r\n"
    )
    read = list(read_rows(written(tmp_path, content), name="a.csv", contract=ADDRESSES))
    rejects = [item for item in read if isinstance(item, Reject)]
    rows = [item for item in read if not isinstance(item, Reject)]
    assert [(reject.line, reject.code) for reject in rejects] == [(3, "header_repeated")]
    assert [(line, values[0]) for line, values in rows] == [(2, "1"), (4, "3")]
