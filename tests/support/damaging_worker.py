"""Runs a case of the benchmarks, then damages one value of what Sluice loaded."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from typing import Any

import psycopg2

from tests.bench.worker import answer


def main() -> None:
    request: dict[str, Any] = json.load(sys.stdin)
    done = answer(**request)
    if request["case"] == "sluice":
        with closing(psycopg2.connect(request["uri"])) as connection, connection:
            connection.cursor().execute(
                "update sluice set rate = rate + 1 where ctid = (select max(ctid) from sluice)"
            )
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main()
