"""What a dataset may declare: files and columns that come in, what they become, the limits between.

A dataset imports all that it is declared with from here.
"""

from include.contracts.apis import (
    ApiCall,
    ApiDataset,
    ApiField,
    ApiKey,
    Cursor,
    History,
    NextLink,
    PageNumbers,
)
from include.contracts.columns import Column, ColumnType
from include.contracts.exports import TableExport
from include.contracts.files import CsvContract, RejectLimit
from include.contracts.github import GitHubDataset, GitHubFile
from include.contracts.rules import Cumulative, NewestDay, Rule, UniqueKey
from include.contracts.tables import ShrinkLimit, Table
from include.contracts.uploads import ItemUpload, JsonUpload, Upload

__all__ = [
    "ApiCall",
    "ApiDataset",
    "ApiField",
    "ApiKey",
    "Column",
    "ColumnType",
    "CsvContract",
    "Cumulative",
    "Cursor",
    "GitHubDataset",
    "GitHubFile",
    "History",
    "ItemUpload",
    "JsonUpload",
    "NewestDay",
    "NextLink",
    "PageNumbers",
    "RejectLimit",
    "Rule",
    "ShrinkLimit",
    "Table",
    "TableExport",
    "UniqueKey",
    "Upload",
]
