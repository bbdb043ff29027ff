"""What a dataset may declare: files and columns that come in, what they become, the limits between.

A dataset imports all that it is declared with from here.
"""

from include.contracts.columns import Column, ColumnType
from include.contracts.exports import TableExport
from include.contracts.files import CsvContract, RejectLimit
from include.contracts.github import GitHubDataset, GitHubFile
from include.contracts.rules import Cumulative, NewestDay, Rule, UniqueKey
from include.contracts.tables import ShrinkLimit, Table
from include.contracts.uploads import ItemUpload, JsonUpload, Upload

__all__ = [
    "Column",
    "ColumnType",
    "CsvContract",
    "Cumulative",
    "GitHubDataset",
    "GitHubFile",
    "ItemUpload",
    "JsonUpload",
    "NewestDay",
    "RejectLimit",
    "Rule",
    "ShrinkLimit",
    "Table",
    "TableExport",
    "UniqueKey",
    "Upload",
]
