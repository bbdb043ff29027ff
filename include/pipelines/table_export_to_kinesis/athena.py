"""The delta of a large export, found by Athena: the worker neither fetches nor joins the base.

Both snapshots are tables of Glue while they are compared. Athena runs the statements that DuckDB
runs in the worker, and writes what differs as Parquet, from which the worker cuts the parts.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final, TypedDict

from include.core.exports.names import shown
from include.core.lake.glue_table import parquet_files
from include.core.snapshot.database import connect_duckdb
from include.core.statements import fill, quote_identifier, quote_text
from include.errors import ComparisonError
from include.pipelines.table_export_to_kinesis.delta import (
    AFTER,
    BEFORE,
    Delta,
    DeltaStatements,
    cut_delta,
    key_of,
)
from include.pipelines.table_export_to_kinesis.stored_columns import (
    as_declared,
    glue_columns,
    stored_name,
)

if TYPE_CHECKING:
    from pathlib import Path

    from include.contracts.exports import TableExport
    from include.core.aws.objects import ObjectStore
    from include.core.exports.names import ExportName
    from include.pipelines.table_export_to_kinesis.snapshot import Snapshot

PREFIX: Final = "athena/unload"
"""Where Athena writes in the lake; objects below it expire."""

_NO_NAME: Final = re.compile("[^a-z0-9_]")
# https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
_NAME_CHARACTERS: Final = 200
_HASH_CHARACTERS: Final = 12
_REASON_CHARACTERS: Final = 500


class Query(TypedDict):
    """A query that Athena works on, as tasks exchange it in JSON.

    Attributes:
        query_id: of its execution.
        results: prefix of the keys in the lake that it writes.
        tables: of Glue that it reads.
    """

    query_id: str
    results: str
    tables: list[str]


@dataclass(frozen=True, kw_only=True)
class Athena:
    """Where Athena compares snapshots.

    Attributes:
        client: a boto3 Athena client.
        glue: a boto3 Glue client.
        database: of Glue; the snapshots are tables of it while they are compared.
        workgroup: has the limit of what a query may scan, and where its own results go.
        lake: has the snapshots, and receives what differs.
    """

    client: Any
    glue: Any
    database: str
    workgroup: str
    lake: ObjectStore

    def start(
        self,
        dataset: TableExport,
        export: ExportName,
        base: Snapshot,
        newest: Snapshot,
        *,
        token: int,
    ) -> Query:
        """Have Athena find what differs between two snapshots.

        Arguments:
            dataset: the declaration; both snapshots have its columns.
            export: whose delta.
            base: the snapshot that was published last.
            newest: that of this version.
            token: of the lease, which no other try has: Athena writes where nothing is.
        """
        tables = [self._table_of(dataset, export, snapshot) for snapshot in (base, newest)]
        place = f"{export['tenant']}/{export['table']}/{export['version']}"
        results = f"{PREFIX}/{place}/{token}/"
        statement = unload_statement(
            dataset,
            *(f"{quote_identifier(self.database)}.{quote_identifier(name)}" for name in tables),
            to=f"s3://{self.lake.bucket}/{results}",
        )
        started = self.client.start_query_execution(
            QueryString=statement,
            QueryExecutionContext={"Database": self.database},
            WorkGroup=self.workgroup,
        )
        return {"query_id": started["QueryExecutionId"], "results": results, "tables": tables}

    def fetch(self, query: Query, folder: Path) -> list[Path]:
        """Fetch what Athena wrote.

        Arguments:
            query: one that is waited for no more.
            folder: where the files go.

        Raises:
            ComparisonError: Athena failed, or has not ended; then it is told to stop.
        """
        query_id = query["query_id"]
        answer = self.client.get_query_execution(QueryExecutionId=query_id)
        status = answer["QueryExecution"]["Status"]
        if status["State"] in ("QUEUED", "RUNNING"):
            self.client.stop_query_execution(QueryExecutionId=query_id)
            raise ComparisonError(f"Athena took too long over query {query_id}")
        if status["State"] != "SUCCEEDED":
            reason = status.get("StateChangeReason", "without a reason")[:_REASON_CHARACTERS]
            raise ComparisonError(f"Athena ended query {query_id} as {status['State']}: {reason}")
        paths = []
        for number, key in enumerate(self.lake.keys(query["results"])):
            path = folder / f"found{number:04}.parquet"
            self.lake.client.download_file(self.lake.bucket, key, str(path))
            paths.append(path)
        return paths

    def drop_tables(self, query: Query) -> None:
        """Take the tables away that were compared; their snapshots stay."""
        # It reports tables that are gone, and does not fail.
        self.glue.batch_delete_table(DatabaseName=self.database, TablesToDelete=query["tables"])

    def _table_of(self, dataset: TableExport, export: ExportName, snapshot: Snapshot) -> str:
        """Make a snapshot a table, as which Athena reads the folder that it is alone in."""
        digest = hashlib.sha256(snapshot["key"].encode()).hexdigest()
        readable = _NO_NAME.sub("_", f"{export['tenant']}__{export['table']}".lower())
        name = f"{readable[:_NAME_CHARACTERS]}__{digest[:_HASH_CHARACTERS]}"
        folder = snapshot["key"].rpartition("/")[0]
        table = {
            "Name": name,
            "Description": f"A snapshot of {shown(export)} or of its base, while both are compared",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet"},
            "StorageDescriptor": parquet_files(
                glue_columns(dataset.contract.columns), f"s3://{self.lake.bucket}/{folder}/"
            ),
        }
        try:
            self.glue.create_table(DatabaseName=self.database, TableInput=table)
        except self.glue.exceptions.AlreadyExistsException:
            # A try that died left it, and the declaration may have changed since.
            self.glue.update_table(DatabaseName=self.database, TableInput=table)
        return name


def unload_statement(dataset: TableExport, base: str, newest: str, *, to: str) -> str:
    """Write the statement that Athena runs.

    Arguments:
        dataset: the declaration.
        base: the table of the snapshot that was published last.
        newest: that of this version.
        to: where the result goes, s3://<bucket>/<prefix>/.
    """
    statements = DeltaStatements(dataset, stored_name)
    changed = f"(\n{statements.find(base, newest)}\n)"
    unload = fill(
        "table_export_to_kinesis/compare_in_athena.unload",
        delta=statements.fetch(changed, base, newest),
        to=quote_text(to),
    )
    # Athena has a limit of length, and no need of comments.
    return "\n".join(line for line in unload.splitlines() if not line.startswith("--"))


def read_delta(
    dataset: TableExport, paths: list[Path], *, rows: int, folder: Path, memory: str
) -> Delta:
    """Cut what Athena found into parts.

    Arguments:
        dataset: the declaration.
        paths: what Athena wrote; no file where nothing differs.
        rows: of the snapshot of this version.
        folder: for the parts and temporary files.
        memory: DuckDB's memory limit.
    """
    if not paths:
        return Delta(inserts=0, updates=0, deletes=0, unchanged=rows, gone=[], parts=[])
    listed = ", ".join(quote_text(str(path)) for path in paths)
    columns = [
        f"{as_declared(column, stored_name(column))} as {quote_identifier(column.name)}"
        for column in key_of(dataset)
    ]
    columns += [
        f"{as_declared(column, side + column.name)} as {quote_identifier(side + column.name)}"
        for side, column in product((BEFORE, AFTER), dataset.contract.columns)
    ]
    read = fill(
        "table_export_to_kinesis/compare_in_athena.read", columns=", ".join(columns), paths=listed
    )
    count = fill("table_export_to_kinesis/compare_in_athena.count", paths=listed)
    with connect_duckdb(folder, memory=memory) as connection:
        (operations,) = connection.execute(count).fetchone() or (0,)
        return cut_delta(connection, dataset, read, operations=operations, rows=rows, folder=folder)
