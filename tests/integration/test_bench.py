"""The benchmarks themselves, on few rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.common.paths import LOCAL
from tests.bench.__main__ import main
from tests.bench.lab import WrongResultError
from tests.bench.landing_place import LandingPlace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Aws

FEW = ["--rows", "500", "--rounds", "1"]


def test_every_way_is_measured_beside_its_floor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(FEW) == 0
    printed = capsys.readouterr().out
    for row in ("COPY alone", "execute_values: 1 % changed", "Sluice: 1 % changed", "csv.reader"):
        assert row in printed
    for row in ("into a queue", "into a table", "csv_upload_to_sqs: deliver", "all four"):
        assert row in printed
    assert printed.count("bare loop, 4 threads") == printed.count("bare loop, one thread") == 2
    assert printed.count("at most") == 12
    assert not list(LOCAL.glob("bench-*"))


def test_one_part_is_measured_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FEW, "--only", "csv"]) == 0
    printed = capsys.readouterr().out
    assert "csv.reader" in printed
    assert "COPY" not in printed
    assert "bare loop" not in printed


def test_one_wrong_value_in_the_table_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    damaging = "tests.support.damaging_worker"
    assert main([*FEW, "--only", "postgres"], worker=damaging) == 1
    assert "table sluice does not hold the rows of base" in capsys.readouterr().err


def test_a_queue_or_a_table_that_lacks_a_row_fails_the_run(aws: Aws, tmp_path: Path) -> None:
    place = LandingPlace(uri="", endpoint=aws.endpoint, sink="", folder=tmp_path)
    folder = place.write(1)
    with pytest.raises(WrongResultError, match=r"queue .* does not hold the rows"):
        place.check_queue(place.make_queue(), folder)
    with pytest.raises(WrongResultError, match=r"table .* does not hold the rows"):
        place.check_table(place.make_table(), folder, "version")
