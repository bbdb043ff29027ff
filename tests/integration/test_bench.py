"""The benchmarks themselves, on few rows."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from infra.common.paths import LOCAL, REPOSITORY
from tests.bench import __main__ as bench
from tests.bench.__main__ import main
from tests.bench.lab import WrongResultError
from tests.bench.landing_place import LandingPlace
from tests.bench.workers import start_interpreter
from tests.support.forked_work import fork

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Aws

FEW = ["--rows", "500", "--rounds", "1"]
VERDICTS = ("reached", "missed")


@pytest.mark.thorough
def test_every_way_is_measured_beside_its_floor(capsys: pytest.CaptureFixture[str]) -> None:
    roots = set()

    def note(request: dict[str, Any], *, python: str, root: Path) -> tuple[int, dict[str, Any]]:
        roots.add(root)
        return fork(request, python=python, root=root)

    assert main([*FEW, "--full"], work=note) == 0
    printed = capsys.readouterr().out
    for row in ("COPY alone", "execute_values: 1 % changed", "Sluice: 1 % changed", "csv.reader"):
        assert row in printed
    for row in ("with 100 bad rows", "then COPY into", "same source again", "another order"):
        assert row in printed
    for row in ("into a queue", "into a table", "csv_upload_to_sqs: deliver", "all four"):
        assert row in printed
    assert printed.count("bare loop, 4 threads ") == printed.count("bare loop, one thread") == 2
    for row in (
        "COPY alone: first version",
        "read and apply: 80 % updates",
        "apply: first version",
    ):
        assert row in printed
    for row in ("Delta of two exports, 5,000 rows", "from the landed file to the delta"):
        assert row in printed
    for row in ("bare loop of PutRecords, 4 threads", "publish_part, two workers"):
        assert row in printed
    for row in ("bare loop, 4 threads, to the sink", "parts, one worker", "parts, two workers"):
        assert row in printed
    aims = printed.partition("\nAims\n")[2].splitlines()
    assert len(aims) == 33
    assert all(aim.endswith(VERDICTS) for aim in aims)
    assert sum(aim.startswith("memory at 5,000 rows, ") for aim in aims) == 6
    for heading in ("Reading CSV, 5,000 rows", "From CSV to the table, 5,000 rows"):
        assert heading in printed
    (root,) = roots
    assert root.parent == LOCAL
    assert not root.exists()


def test_one_part_is_measured_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FEW, "--only", "csv"], work=fork) == 0
    printed = capsys.readouterr().out
    assert "csv.reader" in printed
    for other in ("COPY", "bare loop", "5,000", "memory at"):
        assert other not in printed


def test_operations_are_read_and_applied_beside_their_floor(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*FEW, "--only", "apply"], work=fork) == 0
    printed = capsys.readouterr().out
    for title in ("first version, inserts", "80 % updates, inserts, deletes"):
        for way in ("COPY alone", "read", "apply", "read and apply"):
            assert f"{way}: {title}" in printed


def test_operation_that_a_delta_leaves_out_fails_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def lose(request: dict[str, Any], *, python: str, root: Path) -> tuple[int, dict[str, Any]]:
        code, done = fork(request, python=python, root=root)
        if request["case"] == "delta_computed":
            done["answer"]["updates"] -= 1
        return code, done

    assert main([*FEW, "--only", "delta"], work=lose) == 1
    assert "delta_computed counts" in capsys.readouterr().err


def test_case_runs_in_an_interpreter_that_has_loaded_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a\n1\n2\n")
    request = {"case": "csv_reader", "file": str(file)}
    code, answer = start_interpreter(request, python=sys.executable, root=tmp_path)
    assert (code, answer["answer"]) == (0, {"kept": 2})
    # DuckDB, psycopg2 and boto3 would take 90 more.
    assert 5 < answer["peak_mb"] < 60
    file.unlink()
    assert start_interpreter(request, python=sys.executable, root=tmp_path) == (1, {})


def test_answers_become_parquet_beside_pyarrow(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FEW, "--only", "lake"], work=fork) == 0
    printed = capsys.readouterr().out
    for title in ("pyarrow alone, the fields declared", "Sluice, every record checked"):
        assert title in printed


@pytest.mark.parametrize("part", ["postgres", "end"])
def test_one_wrong_value_in_the_table_fails_the_run(
    part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def damage(request: dict[str, Any], *, python: str, root: Path) -> tuple[int, dict[str, Any]]:
        done = fork(request, python=python, root=root)
        if request["case"] in {"sluice", "end_sluice"}:
            spoil(request["uri"], request["table"])
        return done

    assert main([*FEW, "--only", part], work=damage) == 1
    assert "does not hold the rows of base" in capsys.readouterr().err


def test_one_row_that_is_counted_wrongly_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    def miscount(request: dict[str, Any], *, python: str, root: Path) -> tuple[int, dict[str, Any]]:
        code, done = fork(request, python=python, root=root)
        if "damaged" in request.get("file", ""):
            done["answer"]["rejected"] -= 1
        return code, done

    assert main([*FEW, "--only", "csv"], work=miscount) == 1
    assert "csv_sluice counts" in capsys.readouterr().err


def spoil(uri: str, table: str) -> None:
    """Change one value of a table."""
    with closing(psycopg2.connect(uri)) as connection, connection:
        connection.cursor().execute(
            f"update {table} set rate = rate + 1 where ctid = (select max(ctid) from {table})"
        )


@pytest.mark.parametrize(
    ("words", "passed"),
    [
        ([], ""),
        (["ONLY=csv end", "ROUNDS=2"], "--only csv end --rounds 2"),
        (["ROWS=500", "FULL=1", "PEERS=1"], "--rows 500 --full --peers"),
        (["FULL=0", "PEERS=0"], ""),
    ],
)
def test_make_passes_on_what_its_command_line_selects(
    words: list[str], passed: str, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    make = ["make", "--silent", "bench", *words, "SETUP=:", f"BIN={tmp_path}"]
    done = subprocess.run(make, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["-m", "tests.bench", *passed.split()]


def test_unknown_part_is_refused_with_the_names_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "csv", "tables"])
    said = capsys.readouterr().err
    assert "'tables'" in said
    for part in ("postgres", "csv", "end", "sqs", "dynamodb"):
        assert f"'{part}'" in said


@pytest.mark.parametrize("rounds", ["0", "-1", "two"])
def test_number_of_rounds_that_measures_nothing_is_refused(
    rounds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([f"--rounds={rounds}"])
    assert f"{rounds} is no whole number from 1" in capsys.readouterr().err


def test_other_tools_that_are_not_installed_are_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench, "PEERS", tmp_path / "python")
    with pytest.raises(SystemExit):
        main(["--peers"])
    assert "PEERS=1" in capsys.readouterr().err


def test_a_queue_or_a_table_that_lacks_a_row_fails_the_run(aws: Aws, tmp_path: Path) -> None:
    place = LandingPlace(uri="", endpoint=aws.endpoint, sink="", folder=tmp_path)
    folder = place.write(1)
    with pytest.raises(WrongResultError, match=r"queue .* does not hold the rows"):
        place.check_queue(place.make_queue(), folder)
    with pytest.raises(WrongResultError, match=r"table .* does not hold the rows"):
        place.check_table(place.make_table(), folder, "version")
