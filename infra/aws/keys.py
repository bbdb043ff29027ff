"""Connections whose password somebody brings from outside: keys of APIs, a token of GitHub."""

from __future__ import annotations

from include.datasets import api_datasets

GITHUB = "github"


def key_connections() -> tuple[str, ...]:
    """Names of the connections that the DAGs look up for a key, in order.

    They are those that a dataset of an API declares, and the one of GitHub, without which GitHub
    answers less often. Their secrets are made by `make secret`.
    """
    declared = {dataset.key.connection for dataset in api_datasets()}
    return tuple(sorted(declared | {GITHUB}))
