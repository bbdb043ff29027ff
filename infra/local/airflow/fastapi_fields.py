"""What FastAPI checks values with, built when a value comes.

By itself FastAPI builds a validator for each parameter, body and answer of each route when the
route is declared, and again each time that a router includes the route. Airflow declares several
hundred routes, and builds those of tasks once for each version of its API: half of the time that
its API server takes to start, for validators of which a run uses a few.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from fastapi._compat.v2 import ModelField

_ATTRIBUTE = "_type_adapter"  # the validator


def build_late() -> None:
    """From now on, have each field of a route build its validator when it is first used."""
    build = ModelField.__post_init__

    def built(field: ModelField) -> Any:
        build(field)
        return vars(field)[_ATTRIBUTE]

    late = cached_property(built)
    late.__set_name__(ModelField, _ATTRIBUTE)
    setattr(ModelField, _ATTRIBUTE, late)
    ModelField.__post_init__ = _wait  # type: ignore[method-assign] # that is the point


def _wait(self: ModelField) -> None:
    """Build nothing yet."""
