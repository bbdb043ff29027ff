"""The page's application: its files, and the summaries that its viewer may see.

Each route wants a user whom Airflow knows. What is told of a sink wants the right to read its DAG;
values of rows want the right to start runs of it.
"""

from __future__ import annotations

import json
import mimetypes
from pathlib import Path

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse, Response

from sluice_page.access import READS_DAG, SEES_VALUES, ReadableDags
from sluice_page.headers import UNCHANGING, SafeHeaders
from sluice_page.packing import packed
from sluice_page.summaries import SummariesDep  # noqa: TC001 -- FastAPI reads annotations

STATIC = Path(__file__).parent / "static"
_FILES = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file()}
_PACK = packed(STATIC, module="main", sheets=("page", "charts"))
_PAGE = _FILES["index.html"].read_text("utf-8").replace("TAG", _PACK.tag)


def make_app() -> FastAPI:
    """The application, to be mounted below /sluice."""
    app = FastAPI(
        title="Sluice",
        dependencies=[Depends(get_user)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_middleware(SafeHeaders)
    app.get("/")(_page)
    app.get("/packed/{tag}/{name}")(_packed)
    app.get("/static/{name:path}")(_static)
    app.get("/api/overview")(_overview)
    app.get("/api/dags/{dag_id}/summary", dependencies=[READS_DAG])(_summary)
    app.get("/api/dags/{dag_id}/chart", dependencies=[READS_DAG])(_chart)
    app.get("/api/dags/{dag_id}/values", dependencies=[SEES_VALUES])(_values)
    app.get("/api/dags/{dag_id}/traces/{run_id:path}", dependencies=[SEES_VALUES])(_trace)
    return app


def _page() -> Response:
    return Response(_PAGE, media_type="text/html")


def _packed(tag: str, name: str) -> Response:
    if name not in _PACK.files:
        raise HTTPException(404, "No such file")
    # Another server may have written the page, of another version: its name is not for this file.
    headers = UNCHANGING if tag == _PACK.tag else None
    media_type = mimetypes.guess_type(name)[0]
    return Response(_PACK.files[name], media_type=media_type, headers=headers)


def _static(name: str) -> FileResponse:
    if name not in _FILES:
        raise HTTPException(404, "No such file")
    return FileResponse(_FILES[name])


def _overview(dag_ids: ReadableDags, found: SummariesDep) -> Response:
    return _json(found.overview(dag_ids))


def _summary(dag_id: str, sink: str, found: SummariesDep) -> Response:
    return _json(found.of_sink("sinks", sink, dag_id))


def _chart(dag_id: str, sink: str, found: SummariesDep) -> Response:
    return _json(found.of_sink("charts", sink, dag_id))


def _values(dag_id: str, sink: str, found: SummariesDep) -> Response:
    return _json(found.of_sink("values", sink, dag_id))


def _trace(dag_id: str, run_id: str, found: SummariesDep) -> Response:
    return _json(found.trace(run_id, dag_id))


def _json(value: object) -> Response:
    """JSON in ASCII: texts may hold half a character, which no UTF-8 has."""
    return Response(json.dumps(value, separators=(",", ":")), media_type="application/json")
