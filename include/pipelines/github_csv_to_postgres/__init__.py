"""CSV files in GitHub repositories, as they stood at a moment, into a Postgres table.

Extract: download puts the version of each file at as_of into the raw archive. Transform:
clean_and_merge reads the archived files, sets bad rows aside, runs the dataset's SQL and checks
the result. Load: upsert_snapshot writes what differs, in one transaction with the ledger, the
quarantine and the notice, which announce_end then sends. Each returns a small dictionary
(task_values.py), and passes on files in S3.
"""

from __future__ import annotations

from include.pipelines.github_csv_to_postgres.extract import download
from include.pipelines.github_csv_to_postgres.github import GitHub
from include.pipelines.github_csv_to_postgres.load import announce_end, decide, upsert_snapshot
from include.pipelines.github_csv_to_postgres.task_values import (
    ArchivedFile,
    CleanedSnapshot,
    Decision,
    LoadedSnapshot,
    Resources,
)
from include.pipelines.github_csv_to_postgres.transform import clean_and_merge

__all__ = [
    "ArchivedFile",
    "CleanedSnapshot",
    "Decision",
    "GitHub",
    "LoadedSnapshot",
    "Resources",
    "announce_end",
    "clean_and_merge",
    "decide",
    "download",
    "upsert_snapshot",
]
