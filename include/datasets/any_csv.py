"""Any CSV file with a header: every column is text, and keeps the file's name."""

from __future__ import annotations

from include.contracts import CsvContract, JsonUpload, RejectLimit

DATASET = JsonUpload(
    name="any_csv",
    title="Any CSV file",
    description="Rows of any CSV file as JSON, every value as text, an empty cell as empty text.",
    owner="data-platform",
    tags=("s3", "sqs"),
    prefix="uploads/sqs/",
    contract=CsvContract(columns=(), delimiter=None, unknown_columns="add", null_tokens=()),
    rejects=RejectLimit(share=0.05),
)
