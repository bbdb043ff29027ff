"""The table of Glue that shows a dataset's files to Athena, kept as it is declared.

Partitions are projected: Athena works out from the table where the file of a day is, so nothing has
to be added each hour: https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.contracts.apis import ApiDataset

# The first day that is looked at; no run is of an earlier one.
_FIRST_DAY: Final = "2020-01-01"
_HIVE: Final = "org.apache.hadoop.hive.ql.io.parquet"
_TRIES: Final = 5  # who has lost to another writer looks again at what that wrote
# Types of the partitions' columns. A day is text, so that people write where dt = '2020-12-05'.
_DT: Final = {"Name": "dt", "Type": "string", "Comment": "day of as_of, UTC"}
_HOUR: Final = {"Name": "hour", "Type": "int", "Comment": "hour of as_of, UTC"}


def table_input(
    dataset: ApiDataset, *, bucket: str, columns: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Describe a dataset's table as Glue's CreateTable takes it.

    Arguments:
        dataset: the contract.
        bucket: has the files, lake/<dataset>/dt=…/part.parquet or lake/<dataset>/dt=…/hour=…/….
        columns: those of the files, each with Name, Type and Comment; partitions are left out.
    """
    # https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
    projection = {
        "projection.enabled": "true",
        "projection.dt.type": "date",
        "projection.dt.format": "yyyy-MM-dd",
        "projection.dt.range": f"{_FIRST_DAY},NOW",
    }
    folder = f"s3://{bucket}/lake/{dataset.name}/"
    template, keys = f"{folder}dt=${{dt}}/", [_DT]
    if dataset.partition == "hour":
        projection |= {
            "projection.hour.type": "integer",
            "projection.hour.range": "0,23",
            "projection.hour.digits": "2",
        }
        template, keys = f"{template}hour=${{hour}}/", [_DT, _HOUR]
    named = {key["Name"] for key in keys}
    return {
        "Name": dataset.name,
        "Description": dataset.description,
        "Owner": dataset.owner,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "EXTERNAL": "TRUE",
            "classification": "parquet",
            **projection,
            "storage.location.template": template,
        },
        "PartitionKeys": [dict(key) for key in keys],
        # Athena refuses a table that has a column twice.
        "StorageDescriptor": parquet_files(
            [column for column in columns if column["Name"] not in named], folder
        ),
    }


def parquet_files(columns: Sequence[Mapping[str, str]], folder: str) -> dict[str, Any]:
    """Describe Parquet files below a folder as Glue's StorageDescriptor has them.

    Arguments:
        columns: each with Name and Type.
        folder: s3://<bucket>/<prefix>/.
    """
    return {
        "Columns": [dict(column) for column in columns],
        "Location": folder,
        "InputFormat": f"{_HIVE}.MapredParquetInputFormat",
        "OutputFormat": f"{_HIVE}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{_HIVE}.serde.ParquetHiveSerDe"},
    }


def keep_table(glue: Any, database: str, table: Mapping[str, Any]) -> bool:
    """Make a table as it is described, or change it where it differs; safe beside others.

    Arguments:
        glue: a boto3 Glue client.
        database: of Glue.
        table: what table_input gave.

    Returns:
        Whether the table was made or changed.

    Raises:
        botocore.exceptions.ClientError: Glue refuses it, such as EntityNotFoundException where
            there is no such database, or others change the table again and again.
    """
    errors = glue.exceptions
    for _ in range(_TRIES - 1):
        try:
            return _keep(glue, database, table)
        except (errors.AlreadyExistsException, errors.ConcurrentModificationException):  # noqa: PERF203 - five times at most
            continue
    return _keep(glue, database, table)


def _keep(glue: Any, database: str, table: Mapping[str, Any]) -> bool:
    try:
        found = glue.get_table(DatabaseName=database, Name=table["Name"])["Table"]
    except glue.exceptions.EntityNotFoundException:
        glue.create_table(DatabaseName=database, TableInput=table)
        return True
    if _is_as_described(found, table):
        return False
    # The version is that of what was compared: a change of another writer is not undone unseen.
    version = {"VersionId": found["VersionId"]} if "VersionId" in found else {}
    glue.update_table(DatabaseName=database, TableInput=table, **version)
    return True


def _is_as_described(found: Any, described: Any) -> bool:
    """Whether Glue has all that is described; it adds values of its own, which do not count."""
    if isinstance(described, dict):
        return isinstance(found, dict) and all(
            _is_as_described(found.get(name), value) for name, value in described.items()
        )
    if isinstance(described, list):
        return (
            isinstance(found, list)
            and len(found) == len(described)
            and all(map(_is_as_described, found, described))
        )
    return bool(found == described)
