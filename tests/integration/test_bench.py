"""The benchmarks themselves, on few rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local.layout import LOCAL
from tests.bench.__main__ import main

if TYPE_CHECKING:
    import pytest

FEW = ["--rows", "500", "--rounds", "1"]


def test_every_way_is_measured_beside_its_floor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(FEW) == 0
    printed = capsys.readouterr().out
    for row in ("COPY alone", "execute_values: 1 % changed", "Sluice: 1 % changed", "csv.reader"):
        assert row in printed
    assert printed.count("at most") == 7
    assert not list(LOCAL.glob("bench-*"))


def test_one_wrong_value_in_the_table_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(FEW, worker="tests.support.damaging_worker") == 1
    assert "table sluice does not hold the rows of base" in capsys.readouterr().err
