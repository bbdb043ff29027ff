"""Validators of FastAPI that are built when they are first used."""

from __future__ import annotations

import subprocess
import sys

from infra.common.paths import REPOSITORY

# In a process of its own, since the change holds for all of a process.
PROGRAM = """
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, TypeAdapter

from infra.local.airflow import fastapi_fields

class Body(BaseModel):
    count: int

class Built(TypeAdapter):
    number = 0
    def __init__(self, *words, **more):
        Built.number += 1
        super().__init__(*words, **more)

import fastapi._compat.v2
fastapi._compat.v2.TypeAdapter = Built
fastapi_fields.build_late()
app = FastAPI()

@app.post("/add/{number}")
def add(number: int, body: Body) -> Body:
    return Body(count=body.count + number)

@app.get("/never/{number}")
def never(number: int) -> Body:
    raise AssertionError

assert Built.number == 0, Built.number
client = TestClient(app)
assert client.post("/add/1", json={"count": 2}).json() == {"count": 3}
used = Built.number
assert used > 0
assert client.post("/add/1", json={"count": 3}).json() == {"count": 4}
assert client.post("/add/one", json={"count": "x"}).status_code == 422
assert Built.number == used, (Built.number, used)
assert set(app.openapi()["paths"]) == {"/add/{number}", "/never/{number}"}
"""


def test_validators_are_built_once_when_a_value_comes_and_check_it() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=REPOSITORY, check=True)
