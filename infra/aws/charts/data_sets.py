"""The datasets' tables as data sets of QuickSight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_quicksight as quicksight

if TYPE_CHECKING:
    from constructs import Construct

    from infra.aws.charts.declared import DataSet
    from infra.aws.charts.people import People
    from infra.aws.environment import Environment

# A type of Postgres to one of QuickSight.
_TYPES = {
    "text": "STRING",
    "smallint": "INTEGER",
    "integer": "INTEGER",
    "bigint": "INTEGER",
    "numeric": "DECIMAL",
    "double precision": "DECIMAL",
    "boolean": "BOOLEAN",
    "date": "DATETIME",
    "timestamptz": "DATETIME",
}


def add_data_set(
    scope: Construct,
    data_set: DataSet,
    *,
    environment: Environment,
    source: quicksight.CfnDataSource,
    people: People,
) -> quicksight.CfnDataSet:
    """Add the data set of a table, whose rows QuickSight keeps until it is told to read again.

    Arguments:
        scope: the construct that owns it.
        data_set: what it is of.
        environment: decides its id.
        source: where the table is.
        people: who may use it.
    """
    kind, table = quicksight.CfnDataSet, data_set.dataset.table
    relation = kind.RelationalTableProperty(
        data_source_arn=source.attr_arn,
        schema=table.schema,
        name=table.name,
        input_columns=[
            kind.InputColumnProperty(name=column.name, type=_TYPES[column.type])
            for column in table.columns
        ],
    )
    return kind(
        scope,
        data_set.dataset.name,
        aws_account_id=Aws.ACCOUNT_ID,
        data_set_id=data_set.id_after(environment.charts_prefix),
        name=f"{data_set.dataset.title} ({environment.name})",
        import_mode="SPICE",
        # The first reading may find an empty table, or one that comes with a later migration.
        ingestion_wait_policy=kind.IngestionWaitPolicyProperty(wait_for_spice_ingestion=False),
        physical_table_map={"table": kind.PhysicalTableProperty(relational_table=relation)},
        permissions=people.may(kind.ResourcePermissionProperty, "use a data set"),
    )
