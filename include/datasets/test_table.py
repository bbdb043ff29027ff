"""A table of any tenant that is exported without a header, every column as text."""

from __future__ import annotations

from include.contracts import Column, CsvContract, TableExport

DATASET = TableExport(
    name="test_table",
    title="Test table",
    description="Whole exports of test_table: pk, c1, c2 and c3, all text.",
    owner="data-platform",
    tags=("s3", "kinesis", "postgres"),
    tables="test_table",
    contract=CsvContract(
        columns=(
            Column(name="pk", type="text", nullable=False),
            Column(name="c1", type="text"),
            Column(name="c2", type="text"),
            Column(name="c3", type="text"),
        ),
        key=("pk",),
        delimiter=";",
        header=False,
    ),
)
