"""The points of a chart, from the files of a table in the lake.

A file holds a day, or an hour, and is replaced whole. What was read of each is kept beside its tag,
so that a run reads again what has changed since, and nothing else.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from include.core.lake.answers import glob_of
from include.core.snapshot.database import connect_duckdb
from include.core.snapshot.files import columns_of
from include.core.statements import fill, quote_identifier
from include.core.summaries.bounded import to_json
from include.core.summaries.points import MOST_VALUES, draw, newest_dates
from include.core.summaries.summary import VERSION, key_of

if TYPE_CHECKING:
    from pathlib import Path

    from include.contracts.apis import ApiDataset
    from include.contracts.charts import Chart
    from include.core.aws.objects import ObjectStore
    from include.core.summaries.points import Drawn

MOST_DAYS: Final = 31
_DOWNLOADS: Final = 8  # at once


def draw_lake(
    store: ObjectStore, dataset: ApiDataset, chart: Chart, *, folder: Path, memory: str
) -> Drawn:
    """The points of the newest days that a table of the lake has.

    Arguments:
        store: the lake.
        dataset: the contract.
        chart: what is drawn of it.
        folder: an empty one, for local files.
        memory: DuckDB's memory limit.
    """
    most = _most_rows(chart)
    tags = _newest(store, dataset)
    kept = _kept(store, dataset, chart)
    files = {key: kept[key] for key, tag in tags.items() if kept.get(key, {}).get("tag") == tag}
    changed = {key: tag for key, tag in tags.items() if key not in files}
    if changed:
        rows = _read(store, chart, list(changed), folder=folder, memory=memory)
        files |= {key: {"tag": tag, "rows": rows[key]} for key, tag in changed.items()}
    if changed or kept.keys() != tags.keys():
        value = {"version": VERSION, "axes": _axes(chart), "files": files}
        store.put_body(key_of("days", dataset.sink), to_json(value))
    found = sorted((row for file in files.values() for row in file["rows"]), key=lambda row: row[0])
    points, cut = newest_dates(found[::-1][: most + 1], most=most)
    return draw(chart, points, cut=cut)


def _newest(store: ObjectStore, dataset: ApiDataset) -> dict[str, str]:
    """The files of the newest days, by key with their tags."""
    tags = store.tags(f"lake/{dataset.name}/dt=")
    days = sorted({key.split("/")[2] for key in tags})[-MOST_DAYS:]
    return {key: tag for key, tag in tags.items() if key.split("/")[2] in days}


def _kept(store: ObjectStore, dataset: ApiDataset, chart: Chart) -> dict[str, Any]:
    """What was read before, by key; nothing where it was read for another chart."""
    known = store.get_json(key_of("days", dataset.sink))
    if not isinstance(known, dict) or known.get("axes") != _axes(chart):
        return {}
    files: dict[str, Any] = known["files"]
    return files


def _axes(chart: Chart) -> dict[str, Any]:
    """As JSON gives it back."""
    return {
        "version": VERSION,
        "date": chart.date,
        "columns": list(chart.columns),
        "groups": list(chart.groups),
        "label": chart.label,
    }


def _read(
    store: ObjectStore, chart: Chart, keys: list[str], *, folder: Path, memory: str
) -> dict[str, list[list[Any]]]:
    """The rows of files: date, group, label, and a number a measure."""
    paths = [folder / f"{number}.parquet" for number in range(len(keys))]
    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        tags = [*pool.map(store.fetch_current, keys, paths)]
    found: dict[str, list[list[Any]]] = {}
    with connect_duckdb(folder, memory=memory) as connection:
        for key, path, tag in zip(keys, paths, tags, strict=True):
            found[key] = []
            if tag:
                glob = glob_of(path)
                statement = _statement(chart, columns_of(connection, glob))
                values: dict[str, Any] = {"globs": [glob], "most": _most_rows(chart)}
                found[key] = [[*row] for row in connection.execute(statement, values).fetchall()]
    return found


def _most_rows(chart: Chart) -> int:
    return MOST_VALUES // len(chart.measures)


def _statement(chart: Chart, there: set[str]) -> str:
    def column(name: str) -> str:
        return quote_identifier(name) if name in there else "null"

    texts = [f"cast({column(name)} as varchar)" for name in chart.groups]
    numbers = [f"try_cast({column(name)} as double)" for name in chart.columns]
    moment = f"cast({column(chart.date)} as timestamp)"
    return fill(
        "summaries/read_partition",
        date=f"strftime({moment}, '%Y-%m-%dT%H:%M:%SZ')",
        group=f"concat_ws(' · ', {', '.join(texts)})" if texts else "''",
        label=f"cast({column(chart.label)} as varchar)" if chart.label else "null",
        measures=", ".join(f"case when isfinite({number}) then {number} end" for number in numbers),
    )
