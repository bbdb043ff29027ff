"""The lines of a shop's orders, exported whole with a header, in typed columns."""

from __future__ import annotations

from decimal import Decimal

from include.contracts import Column, CsvContract, RejectLimit, TableExport

DATASET = TableExport(
    name="order_lines",
    title="Order lines",
    description="Whole exports of order lines, one row an order and line; deletes are soft.",
    owner="data-platform",
    tags=("s3", "kinesis", "postgres"),
    tables="order_lines",
    contract=CsvContract(
        columns=(
            Column(name="order_id", type="bigint", nullable=False, minimum=1),
            Column(name="line", type="integer", nullable=False, minimum=1),
            Column(name="product", type="text", nullable=False, min_length=1),
            Column(name="quantity", type="integer", nullable=False),
            Column(name="price", type="numeric", precision=(12, 2), minimum=Decimal(0)),
            Column(name="ordered_on", type="date"),
            Column(name="changed_at", type="timestamptz", zone="UTC"),
            Column(name="gift", type="boolean", required=False),
        ),
        key=("order_id", "line"),
    ),
    deletes="soft",
    rejects=RejectLimit(share=0.01),
)
