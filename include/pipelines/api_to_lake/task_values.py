"""What the tasks of this pipeline return and take, and what they work with.

The TypedDicts are XComs: Airflow stores them as JSON objects with these keys. A run that is under
way while a new version is deployed goes on with those of the old one, so keys stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from include.core.aws.hand_over import HandOver
    from include.core.aws.objects import Stored
    from include.core.warehouse.connection import Connect
    from include.core.web.client import Web

State = Literal["complete", "partial", "skipped"]


@dataclass(frozen=True, kw_only=True)
class FetchResources:
    """What asking an API works with.

    Attributes:
        web: may reach the API.
        stand_in: address of a stand-in that is asked in its place; none when empty.
        key: of the API; it goes into requests and nowhere else.
        late_seconds: how long after its hour an API that tells of now alone is asked.
        connect: opens a connection to the warehouse.
        hand_over: the lake, the key prefix of this run's files in it, a local folder.
    """

    web: Web
    stand_in: str
    key: str
    late_seconds: int
    connect: Connect
    hand_over: HandOver


@dataclass(frozen=True, kw_only=True)
class LakeResources:
    """What filling a table of the lake works with.

    Attributes:
        hand_over: the lake, the key prefix of this run's files in it, a local folder.
        connect: opens a connection to the warehouse.
        glue: a boto3 Glue client.
        database: of Glue.
        memory: DuckDB's memory limit, such as "512MB".
        ui_url: base address of the Airflow UI, for links.
    """

    hand_over: HandOver
    connect: Connect
    glue: Any
    database: str
    memory: str
    ui_url: str


class RawAnswer(TypedDict):
    """One answer in the raw zone.

    Attributes:
        key: in the lake.
        sha256: of its bytes, in hexadecimal.
        asked_at: when it came, ISO 8601, UTC.
    """

    key: str
    sha256: str
    asked_at: str


class FetchedCall(TypedDict):
    """What fetch returns of a call that has answers.

    Attributes:
        call: its name.
        pages: file of the RawAnswers in their order; None where the raw zone has the call already.
    """

    call: str
    pages: Stored | None


class StoredHour(TypedDict):
    """What store_raw returns.

    Attributes:
        state: complete, partial or skipped.
        missing: the calls without an answer, and why.
    """

    state: State
    missing: dict[str, str]


class ConvertedHour(TypedDict):
    """What convert returns.

    Attributes:
        file: the partition with this hour in it.
        rejects: the file of the hour's rejected records.
        index: the file that says which answers the hour has in it.
        base: ETag of the published file that it was made beside; None where there was none.
        read, rejected, duplicate: records of this hour.
        rejects_by_code: how many records each code has.
        new_fields: paths in the records that no field declares.
        inserted, updated, unchanged, deleted: rows of this hour beside the published file.
    """

    file: Stored
    rejects: Stored
    index: Stored
    base: str | None
    read: int
    rejected: int
    duplicate: int
    rejects_by_code: dict[str, int]
    new_fields: list[str]
    inserted: int
    updated: int
    unchanged: int
    deleted: int


class PublishedHour(TypedDict):
    """What publish returns: the ledger's counts, and whether the hour is a good one.

    Attributes:
        read, rejected, duplicate, inserted, updated, unchanged, deleted: as in the ledger.
        state: of the hour.
    """

    read: int
    rejected: int
    duplicate: int
    inserted: int
    updated: int
    unchanged: int
    deleted: int
    state: State
