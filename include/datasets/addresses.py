"""Addresses, one row an id."""

from __future__ import annotations

from include.contracts import Column, CsvContract, ItemUpload, RejectLimit

DATASET = ItemUpload(
    name="addresses",
    title="Addresses",
    description="Rows of address files as items, one an id; an empty cell is no attribute.",
    owner="data-platform",
    tags=("s3", "dynamodb"),
    prefix="uploads/dynamodb/",
    contract=CsvContract(
        columns=(
            # An id has a number in it. A line of sums or a note below the rows has none.
            Column(name="id", header="ID", type="text", nullable=False, pattern="[^0-9]*[0-9].*"),
            Column(name="house_number", header="HouseNum", type="text"),
            Column(name="street_address", header="Street", type="text"),
            Column(name="town", header="Town", type="text"),
            Column(name="zip", header="Zip", type="text"),
        ),
        key=("id",),
    ),
    rejects=RejectLimit(share=0.05),
)
