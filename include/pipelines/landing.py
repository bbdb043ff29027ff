"""Where the files of each upload pipeline land. Plain data, which infrastructure reads as well."""

from __future__ import annotations

from typing import Final

LANDING_PREFIXES: Final = {
    "csv_upload_to_sqs": "uploads/sqs/",
    "csv_upload_to_dynamodb": "uploads/dynamodb/",
    "table_export_to_kinesis": "exports/",
}
"""Pipeline, which is also the id of its DAG, to a prefix of the landing bucket; ends in a slash."""

CSV_SUFFIXES: Final = (".csv", ".csv.gz")
LANDING_SUFFIXES: Final = {
    "csv_upload_to_sqs": CSV_SUFFIXES,
    "csv_upload_to_dynamodb": CSV_SUFFIXES,
    "table_export_to_kinesis": (".csv", ".gz", "_manifest.json"),
}
"""Pipeline to the ends of names that its files have, in small letters; any letter case is taken."""
