"""What a pipeline's tasks return of each file, and what the registry keeps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.core.aws.objects import Stored


class _EveryResult(TypedDict):
    index: int
    counts: dict[str, int]
    rejects: Stored | None
    rejects_by_code: dict[str, int]
    seconds: float


class FileResult(_EveryResult, total=False):
    """What a pipeline made of one file, as its tasks exchange it in JSON.

    index: the file's place in its run. counts: read = the sum of the others. rejects: a file of the
    rejected rows. unread: none of its rows was read, such as those of a version that waits.
    rejected_only: only rows were read that an earlier run had rejected. cause: why the file failed
    all the same, and final that no retry helps. warning: what the notice says of it. declaration:
    a module to add, so that the file can be taken. missing rows have left no trace; missing_ids
    names the first.
    """

    rows_per_second: int
    unread: bool
    rejected_only: bool
    cause: str
    final: bool
    warning: str
    declaration: str
    missing: int
    missing_ids: list[str]


def without_rows(index: int, *, unread: bool = True, **more: object) -> FileResult:
    """The result of a file of which no row is counted.

    Arguments:
        index: the file's place in its run.
        unread: none was read either; False where they are counted elsewhere.
        more: what the result has beside, such as a warning.
    """
    nothing = {"counts": {"read": 0}, "rejects": None, "rejects_by_code": {}, "seconds": 0.0}
    told = {"unread": True} if unread else {}
    return cast("FileResult", {"index": index, **nothing, **told, **more})


def to_registry(result: FileResult) -> dict[str, Any]:
    """What the registry keeps of a result: all but the file's place in its run."""
    return {name: value for name, value in result.items() if name != "index"}


def from_registry(kept: Mapping[str, Any] | None, *, index: int) -> FileResult:
    """The result of a file that is done already, for a run that has it at this place."""
    return cast("FileResult", {**(kept or {}), "index": index})
