"""Puts the page of Sluice into Airflow's navigation, and onto the page of each DAG."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]

PREFIX = "/sluice"


@cache
def _application() -> Any:
    from sluice_page.app import make_app  # noqa: PLC0415 -- tasks load plugins, and serve no page

    return make_app()


async def serve(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """The page's application as ASGI has it, made when it is first asked."""
    await _application()(scope, receive, send)


class SluicePlugin(AirflowPlugin):
    """Where Airflow shows the page, and what answers for it.

    Its attributes: https://airflow.apache.org/docs/apache-airflow/stable/howto/custom-view-plugin.html
    """

    name = "sluice"
    fastapi_apps = [{"app": serve, "url_prefix": PREFIX, "name": "Sluice"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012 -- Airflow's plugins are written so
        {
            "name": "Sluice",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "url_route": "sluice",
            "icon": f"{PREFIX}/static/icon.svg",
        },
        {
            "name": "Data",
            "href": f"{PREFIX}/?dag_id={{DAG_ID}}",
            "destination": "dag",
            "url_route": "sluice-data",
        },
    ]
