"""Where the tasks of a run read and write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.core.aws.objects import HandOver
from include.pipelines.csv_upload_to_dynamodb.item_writes import ItemTable
from include.pipelines.csv_upload_to_dynamodb.items import key_column

if TYPE_CHECKING:
    from pathlib import Path

    from include.contracts.uploads import ItemUpload
    from include.core.aws.objects import ObjectStore
    from include.core.warehouse.connection import Connect
    from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvents


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where one task reads and writes.

    Attributes:
        connect: opens a connection to the warehouse, where the file's lease is renewed.
        landing: a boto3 S3 client that may read the landing bucket.
        store: the bucket of the hand-over.
        table: a boto3 client of DynamoDB.
        table_name: which table.
        events: where the stages are told of.
        work: key prefix of the run's hand-over.
        folder: for local copies and for what does not fit into memory.
    """

    connect: Connect
    landing: Any
    store: ObjectStore
    table: Any
    table_name: str
    events: StageEvents
    work: str
    folder: Path

    def items(self, upload: ItemUpload) -> ItemTable:
        """The table, for items of a contract.

        Raises:
            DeliveryRefusedError: it has more columns than a statement can name.
        """
        key = key_column(upload.contract).name
        names = tuple(column.name for column in upload.contract.columns if column.name != key)
        return ItemTable(client=self.table, name=self.table_name, key=key, columns=names)

    def hand_over(self, index: int) -> HandOver:
        """Where files of the run's file of this index go from task to task."""
        return HandOver(store=self.store, prefix=f"{self.work}/{index}", folder=self.folder)
