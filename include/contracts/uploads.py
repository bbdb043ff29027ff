"""What a dataset promises whose CSV files land in S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from include.contracts.files import NO_REJECTS

if TYPE_CHECKING:
    from include.contracts.files import CsvContract, RejectLimit


@dataclass(frozen=True, kw_only=True)
class Upload:
    """Files of one kind below one landing prefix.

    Attributes:
        name: for people and notices.
        title, description: for people.
        owner: who answers for it.
        tags: for the UI.
        prefix: start of the keys, ends in a slash; of several that fit, the longest decides.
        contract: how the files are written. A column's name is what it is called in the sink,
            its header what the file calls it.
        rejects: how many rejected rows a file may have.
    """

    name: str
    title: str
    description: str
    owner: str
    tags: tuple[str, ...] = ()
    prefix: str
    contract: CsvContract
    rejects: RejectLimit = NO_REJECTS


@dataclass(frozen=True, kw_only=True)
class JsonUpload(Upload):
    """Files whose rows become JSON messages.

    Attributes:
        delivery: one message a row, or one JSON Lines file in the lake and one message that
            points to it.
        part_rows: rows that one task sends; a file of more is sent by several side by side. More
            when a file would need too many tasks.
    """

    delivery: Literal["messages", "file"] = "messages"
    part_rows: int = 20_000


@dataclass(frozen=True, kw_only=True)
class ItemUpload(Upload):
    """Files whose rows become DynamoDB items; the contract's key is the table's one key.

    Attributes:
        chunk_rows: rows that one task takes on; more when a file would need too many tasks.
    """

    chunk_rows: int = 20_000
