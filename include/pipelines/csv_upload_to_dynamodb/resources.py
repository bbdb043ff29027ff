"""What a task of csv_upload_to_dynamodb works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.core.arrivals.resources import Resources
from include.pipelines.csv_upload_to_dynamodb.item_writes import ItemTable
from include.pipelines.csv_upload_to_dynamodb.items import key_column

if TYPE_CHECKING:
    from include.contracts.uploads import ItemUpload
    from include.pipelines.csv_upload_to_dynamodb.stage_events import StageEvents


@dataclass(frozen=True, kw_only=True)
class ItemResources(Resources):
    """What a task of csv_upload_to_dynamodb works with.

    Attributes:
        folder: for local copies, and for what does not fit into memory.
        table: a boto3 client of DynamoDB; threads share it.
        table_name: which table.
        events: the bus of the stages.
    """

    table: Any
    table_name: str
    events: StageEvents

    def items(self, upload: ItemUpload) -> ItemTable:
        """The table, for items of a contract.

        Raises:
            DeliveryRefusedError: it has more columns than a statement can name.
        """
        key = key_column(upload.contract).name
        names = tuple(column.name for column in upload.contract.columns if column.name != key)
        return ItemTable(client=self.table, name=self.table_name, key=key, columns=names)
