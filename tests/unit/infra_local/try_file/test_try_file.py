"""A file is tried as its pipeline would take it, and nothing is written but the rows asked for."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts.exports import TableExport
from include.core.csv.faults import REASONS
from include.core.runs.quarantine import read_rejected
from include.core.snapshot import long_keys
from include.datasets import csv_datasets
from include.pipelines.csv_upload_to_dynamodb import items
from include.pipelines.csv_upload_to_dynamodb.items import KEY_BYTES
from include.pipelines.csv_upload_to_sqs import transform as messages
from infra.common.paths import REPOSITORY
from infra.local.try_file import __main__ as command
from infra.local.try_file import report
from infra.local.try_file.remedies import REMEDIES
from infra.local.try_file.trying import tried, workspace
from tests.support.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

SINKS = (long_keys.SINK_REASONS, items.SINK_REASONS, messages.SINK_REASONS)
ADDRESSES = "ID,HouseNum,Street,Town,Zip\n"
STATES = "date,state,fips,cases,deaths\n"
US = "date,cases,deaths\n"
COMBINED = "Date,Country/Region,Province/State,Confirmed,Recovered,Deaths\n"


@dataclass
class Tried:
    code: int
    out: str
    err: str

    @property
    def counts(self) -> dict[str, int]:
        """The counts as they are printed."""
        words = [line.split() for line in self.out.splitlines()]
        return {word[0]: int(word[1]) for word in words if len(word) == 2 and word[1].isdigit()}


@pytest.fixture
def try_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Tried]:
    """Writes a file and tries it; its name, and other options of the command, may be given."""

    def run(content: str | bytes | Path, dataset: str, **options: Any) -> Tried:
        path = content
        if not isinstance(content, Path):
            path = tmp_path / options.pop("name", "some.csv")
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        arguments = ["--file", str(path), "--dataset", dataset]
        for name, value in options.items():
            arguments += [f"--{name}", str(value)]
        code = command.main(arguments)
        out, err = capsys.readouterr()
        return Tried(code, out, err)

    return run


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def address(number: int, street: str = "High Street") -> str:
    return f"{number},1,{street},Ulm,01234\n"


def test_every_row_of_items_is_counted_once(try_file: Callable[..., Tried]) -> None:
    rows = [address(number) for number in range(100)]
    content = ADDRESSES + "".join(rows) + rows[3] + "7,1,Elm Road,Ulm,01234\n" + "200,1\n"
    tried = try_file(content, "addresses")
    assert tried.counts == {
        "read": 103, "kept": 99, "filtered": 0, "duplicate": 1, "rejected": 3
    }  # fmt: skip
    assert "line 9, column id: key_conflict: " in tried.out
    assert "line 103, column id: key_conflict: " in tried.out
    assert "line 104: too_few_columns: " in tried.out
    assert REMEDIES["too_few_columns"] in tried.out
    assert tried.code == 0
    assert tried.out.endswith("would go through\n")


def test_rows_filtered_by_a_source_are_counted(try_file: Callable[..., Tried]) -> None:
    rows = (
        "2020-01-22,US,,1,0,0\n2020-01-22,Chad,,1,0,0\n2020-01-23,US,,2,x,0\n2020-01-22,US,,1,0,0\n"
    )
    tried = try_file(COMBINED + rows, "covid_us_daily")
    assert tried.counts == {"read": 4, "kept": 1, "filtered": 1, "duplicate": 1, "rejected": 1}
    assert "read as the source combined" in tried.out
    assert tried.code == 0  # the dataset allows five


def test_more_rejects_than_the_dataset_allows_are_a_cause(try_file: Callable[..., Tried]) -> None:
    tried = try_file(
        STATES + "2020-04-04,Ohio,39,5,1\n2020-04-05,Ohio,39,five,1\n", "covid_us_states_daily"
    )
    assert tried.counts["rejected"] == 1
    assert "cause: covid_us_states_daily: 1 of 2 rows rejected, 0 allowed" in tried.out
    assert tried.out.endswith("would not go through\n")
    assert tried.code == 1


@pytest.mark.parametrize(("bad", "code"), [(5, 0), (6, 1)])
def test_rejects_are_held_to_the_share_that_the_dataset_allows(
    try_file: Callable[..., Tried], bad: int, code: int
) -> None:
    rows = [address(number) for number in range(100 - bad)] + ["x\n"] * bad
    assert try_file(ADDRESSES + "".join(rows), "addresses").code == code


def test_what_a_table_refuses_is_a_cause_and_what_it_warns_of_a_warning(
    try_file: Callable[..., Tried],
) -> None:
    tried = try_file(STATES + "2020-04-04,Ohio,39,5,1\n", "covid_us_states_daily")
    assert "warning: the newest date is 2020-04-04" in tried.out
    assert tried.code == 0


def test_file_of_which_no_row_is_kept_is_warned_of(try_file: Callable[..., Tried]) -> None:
    tried = try_file(US + "2020-01-22,1.0,0\n", "covid_us_daily")
    assert "warning: no row would reach the sink\n" in tried.out
    assert tried.code == 0  # the dataset allows five rejects


def test_source_is_found_by_the_header_then_by_the_name_or_is_named(
    try_file: Callable[..., Tried],
) -> None:
    assert "read as the source us " in try_file(US, "covid_us_daily").out
    assert "read as the source combined " in try_file(COMBINED, "covid_us_daily").out
    missing = try_file("date,cases\n2020-01-22,1\n", "covid_us_daily", name="us.csv")
    assert "read as the source us " in missing.out
    assert "required columns are missing (deaths)" in missing.out
    named = try_file(US, "covid_us_daily", source="combined")
    assert "read as the source combined " in named.out
    assert named.code == 1
    neither = try_file("a,b\n1,2\n", "covid_us_daily")
    assert neither.code == 1
    assert "cause: some.csv, line 1: " in neither.out


def test_row_that_makes_no_item_is_rejected(try_file: Callable[..., Tried]) -> None:
    content = (
        ADDRESSES
        + '"",1,High Street,Ulm,01234\n'
        + "1" * (KEY_BYTES + 1)
        + ",1,Elm Road,Ulm,01234\n"
    )
    out = try_file(content, "addresses").out
    assert "line 2, column id: pattern_mismatch" in out
    assert "line 3, column id: key_too_long: " in out


@pytest.mark.parametrize("over", [0, 1])
def test_row_that_makes_too_large_a_message_is_rejected(
    try_file: Callable[..., Tried], over: int
) -> None:
    envelope = 1_048_576 - _largest_text()
    tried = try_file("a\n" + "x" * (1_048_576 - envelope + over) + "\n", "any_csv")
    assert ("line 2: message_too_large: " in tried.out) == bool(over)


def _largest_text() -> int:
    """Characters of the one cell of the largest row that a message of some.csv can hold."""
    from include.pipelines.csv_upload_to_sqs.envelope import Envelope  # noqa: PLC0415

    envelope = Envelope({"bucket": "b", "key": "uploads/sqs/some.csv", "version_id": "v" * 32})
    return 1_048_576 - envelope.size((1, '{"a":""}'))


def test_rows_are_json_lines_typed_and_in_order_of_lines(
    try_file: Callable[..., Tried], tmp_path: Path
) -> None:
    rows = tmp_path / "out.jsonl"
    content = STATES + "2020-04-05,Ohio,39,7,1\n2020-04-04,São,39,5,1\n2020-04-05,Ohio,39,7,1\n"
    assert try_file(content, "covid_us_states_daily", rows=rows).code == 0
    assert rows.read_text(encoding="utf-8").splitlines() == [
        '{"date":"2020-04-05","fips":"39","state":"Ohio","cases":7,"deaths":1}',
        '{"date":"2020-04-04","fips":"39","state":"São","cases":5,"deaths":1}',
    ]


def test_rows_of_items_are_in_order_of_lines_under_the_names_of_the_sink(
    try_file: Callable[..., Tried], tmp_path: Path
) -> None:
    rows = tmp_path / "out.jsonl"
    try_file(ADDRESSES + address(9) + address(10) + "8,,,,\n" + address(9), "addresses", rows=rows)
    assert [row["id"] for row in rows_of(rows)] == ["9", "10", "8"]
    assert rows_of(rows)[2] == {
        "id": "8", "house_number": None, "street_address": None, "town": None, "zip": None
    }  # fmt: skip


def test_refused_file_leaves_an_empty_file_of_rows(
    try_file: Callable[..., Tried], tmp_path: Path
) -> None:
    rows = tmp_path / "out.jsonl"
    rows.write_text("of an earlier file\n")
    tried = try_file(b"", "any_csv", rows=rows)
    assert tried.code == 1
    assert "cause: some.csv: the file is empty (0 bytes)" in tried.out
    assert rows.read_text() == ""


def test_gzip_is_read_and_held_to_its_name(try_file: Callable[..., Tried]) -> None:
    packed = gzip.compress(b"a\n1\n")
    assert try_file(packed, "any_csv", name="some.csv.gz").counts["kept"] == 1
    assert try_file(packed, "any_csv", name="other.csv").code == 1


def test_name_that_starts_no_run_is_a_cause_beside_the_counts(
    try_file: Callable[..., Tried],
) -> None:
    tried = try_file("a\n1\n", "any_csv", name="some.txt")
    assert tried.counts["kept"] == 1
    assert "cause: " in tried.out
    assert tried.code == 1


def test_rejects_are_listed_up_to_a_number_in_order_of_lines(
    try_file: Callable[..., Tried],
) -> None:
    listed = report.LISTED_REJECTS
    out = try_file(ADDRESSES + "x\n" * (listed + 3), "addresses").out
    lines = [line.split(":")[0] for line in out.splitlines() if line.startswith("line ")]
    assert lines == [f"line {number}" for number in range(2, listed + 2)]
    assert "and 3 more rejected rows\n" in out


def test_every_code_of_a_reject_has_a_remedy() -> None:
    codes = {code for reasons in (REASONS, *SINKS) for code in reasons}
    assert REMEDIES.keys() == codes


def test_nothing_that_a_terminal_acts_upon_is_printed(try_file: Callable[..., Tried]) -> None:
    out = try_file("a\n\x1b[2J\u202e\u009b\n", "any_csv", name="so\x1bme.csv").out
    assert out.replace("\n", "").isprintable()


LINES = {
    "addresses": (ADDRESSES, ["1,1,a,b,c", "2,1,a,b,c", "2,9,a,b,c", ",1,a,b,c", '"",1,,,']),
    "covid_us_daily": (
        COMBINED,
        ["2020-01-22,US,,1,0,0", "2020-01-22,US,,1,1,0", "2020-01-23,US,,1,x,0", "x,Chad,,1,1,0"],
    ),
    "covid_us_states_daily": (STATES, ["2020-01-22,Ohio,39,1,0", "2020-01-22,Ohio,9,x,0"]),
    "any_csv": ("a,b\n", ["1,2", "1,"]),
}
BROKEN = ["x", "", '"', 'a"b,c', '"1,2', '"1\n2",3', "1,2,3,4,5,6,7", "\ufeff1,2", "\0,\0"]

TRIED = [dataset for dataset in csv_datasets() if not isinstance(dataset, TableExport)]


@settings(max_examples=examples(12))
@given(st.data())
def test_every_row_of_any_file_is_counted_once(data: st.DataObject) -> None:
    dataset = data.draw(st.sampled_from(TRIED))
    header, rows = LINES[dataset.name]
    lines = data.draw(st.lists(st.sampled_from([*rows, *rows, *BROKEN]), max_size=12))
    with tempfile.TemporaryDirectory() as folder, workspace() as work:
        path = Path(folder) / "some.csv"
        path.write_text(header + "\n".join(lines), encoding="utf-8")
        with tried(dataset, path, work) as outcome:
            if (trial := outcome.trial) is None:
                return
            counts = trial.counts
            others = counts.filtered + counts.duplicate + counts.rejected
            assert counts.read == trial.kept + others
            assert len(list(trial.rows())) == trial.kept
            assert len(list(read_rejected(trial.rejects))) == counts.rejected


def test_readme_shows_what_make_try_prints(tmp_path: Path) -> None:
    text = (REPOSITORY / "README.md").read_text()
    blocks = re.findall(r"^```\w+\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    commands, printed = blocks[(at := _index(blocks, "make try FILE=")) : at + 2]
    script = commands.replace("some.csv", str(tmp_path / "some.csv"))
    done = subprocess.run(
        ["sh", "-c", script.replace("make try", "make -s try")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == printed
    assert done.returncode == 2, done.stderr  # what make ends with for each that fails


def _index(blocks: list[str], start: str) -> int:
    return next(place for place, block in enumerate(blocks) if start in block)


def test_names_with_blanks_and_quotes_reach_the_program(tmp_path: Path) -> None:
    path, rows = tmp_path / "it's a file.csv", tmp_path / 'out "1".jsonl'
    path.write_text("a\n1\n")
    command_line = ["make", "-s", "try", f"FILE={path}", "DATASET=any_csv", f"ROWS={rows}"]
    done = subprocess.run(command_line, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert rows_of(rows) == [{"a": "1"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good file, one with too many rejects, one that is refused, and a folder."""
    folder = tmp_path / "files"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "deep.csv").write_text(ADDRESSES)
    (folder / "a.csv").write_text(ADDRESSES + address(1))
    (folder / "b.csv").write_text(ADDRESSES + address(1) + "x\n")
    (folder / "c.csv").write_text("")
    (folder / "d.csv.gz").write_bytes(gzip.compress((ADDRESSES + address(2)).encode()))
    return folder


def test_folder_has_a_line_a_file_and_bad_ones_do_not_stop_the_others(
    try_file: Callable[..., Tried], folder: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "rows"
    tried = try_file(folder, "addresses", rows=rows)
    a, b, c, d, total, others = tried.out.splitlines()
    assert a == ("a.csv: would go through: read 1, kept 1, filtered 0, duplicate 0, rejected 0")
    assert b.startswith(
        "b.csv: would not go through: read 2, kept 1, filtered 0, duplicate 0, rejected 1: "
        "addresses: 1 of 2 rows rejected"
    )
    assert c.startswith("c.csv: would not go through: the file is empty (0 bytes)")
    assert d.startswith("d.csv.gz: would go through: ")
    assert total == "4 files: 2 would go through, 2 would not"
    assert others == "1 sub-folder was not entered"
    assert tried.code == 1
    assert sorted(path.name for path in rows.iterdir()) == [
        "a.csv.jsonl", "b.csv.jsonl", "c.csv.jsonl", "d.csv.gz.jsonl"
    ]  # fmt: skip
    assert [row["id"] for row in rows_of(rows / "d.csv.gz.jsonl")] == ["2"]


def test_folder_of_good_files_would_go_through(
    try_file: Callable[..., Tried], folder: Path
) -> None:
    (folder / "b.csv").unlink()
    (folder / "c.csv").unlink()
    assert try_file(folder, "addresses").code == 0


def test_folder_of_a_table_is_read_in_one_database(
    try_file: Callable[..., Tried], tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.csv").write_text(US + f"2020-01-0{number + 1},{number},0\n")
    (folder / "bad.csv").write_text(US + "x\n")
    tried = try_file(folder, "covid_us_daily", rows=tmp_path / "rows")
    assert tried.out.splitlines()[0].startswith("0.csv: would go through: as us: read 1, kept 1,")
    assert rows_of(tmp_path / "rows" / "2.csv.jsonl") == [
        {"date": "2020-01-03", "cases": 2, "deaths": 0}
    ]


def test_each_file_of_a_folder_is_cleaned_and_checked_anew(
    try_file: Callable[..., Tried], tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.csv").write_text(STATES + f"2020-04-04,Ohio,39,{number},1\n")
    assert try_file(folder, "covid_us_states_daily").out.splitlines()[-1] == (
        "3 files: 3 would go through, 0 would not"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--dataset addresses", "no file is named"),
        ("--file gone.csv --dataset addresses", "there is no such file or folder"),
        ("--file some.csv --dataset adresses", "There are addresses, any_csv, covid_us_daily"),
        ("--file some.csv --dataset covid_us_daily --source usa", "sources are us, combined"),
        ("--file some.csv --dataset addresses --source us", "it has no sources"),
        ("--file some.csv --dataset addresses --rows some.csv", "ROWS is what FILE is"),
        ("--file some.csv --dataset addresses --rows gone/out", "there is no such folder"),
        ("--file some.csv --dataset addresses --rows .", "Name a file"),
        ("--file . --dataset addresses --rows some.csv", "Name a folder"),
        ("--file . --dataset addresses --rows .", "ROWS is what FILE is"),
        ("--file empty --dataset addresses", "there is no file in this folder"),
    ],
)
def test_wrong_use_says_what_is_right(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    said: str,
) -> None:
    (tmp_path / "some.csv").write_text(ADDRESSES)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    assert command.main(arguments.split()) == 2
    assert said in capsys.readouterr().err
    assert (tmp_path / "some.csv").read_text() == ADDRESSES


def tree(*roots: Path) -> dict[str, tuple[int, int]]:
    """Every file below some folders: its size and when it was written."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for root in roots
        for path in root.rglob("*")
        if path.is_file()
    }


def start(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command as a process of its own whose temporary files are in a folder of its own."""
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-B", "-m", "infra.local.try_file", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(scratch), "HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_nothing_is_written_but_the_rows(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    path = tmp_path / "some.csv"
    path.write_text(STATES + "2020-04-04,Ohio,39,5,1\n")
    kept = [REPOSITORY / name for name in ("include", "infra", "dags", "docs")]
    before = tree(tmp_path, *kept)
    rows = tmp_path / "out.jsonl"
    done = start(
        tmp_path, "--file", str(path), "--dataset", "covid_us_states_daily", "--rows", str(rows)
    )
    out, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, ""), out
    after = tree(tmp_path, *kept)
    assert after.keys() - before.keys() == {str(rows)}
    assert {name: after[name] for name in before} == before
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("dataset", "number", "header", "row"),
    [
        ("covid_us_states_daily", signal.SIGINT, STATES, "2020-04-04,Ohio,{},1,1\n"),
        ("addresses", signal.SIGTERM, ADDRESSES, "{},1,High Street,Ulm,01234\n"),
    ],
    ids=str,
)
def test_interrupted_command_leaves_no_temporary_file(
    tmp_path: Path, dataset: str, number: int, header: str, row: str
) -> None:
    path, rows = tmp_path / "some.csv", tmp_path / "out.jsonl"
    path.write_text(header + "".join(map(row.format, range(200_000))))
    running = start(tmp_path, "--file", str(path), "--dataset", dataset, "--rows", str(rows))
    scratch = tmp_path / "scratch"
    deadline = time.monotonic() + 60
    while not list(scratch.rglob("rejects.jsonl")):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "interrupted" in err
    assert list(scratch.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch", "some.csv"]


def test_reader_who_has_seen_enough_ends_the_command_quietly(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number:0200}.csv").write_text("a\n1\n")
    with start(tmp_path, "--file", str(folder), "--dataset", "any_csv") as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        assert running.stderr.read() == ""
    assert running.returncode == 1
    assert list((tmp_path / "scratch").iterdir()) == []
