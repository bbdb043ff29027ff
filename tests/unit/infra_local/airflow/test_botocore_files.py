"""Files of botocore that a process and its forks read once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session

from infra.local.airflow import botocore_files

if TYPE_CHECKING:
    import pytest


def test_second_session_reads_no_file_and_makes_the_same_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []
    load = JSONFileLoader.load_file

    def counted(self: JSONFileLoader, path: str) -> Any:
        read.append(path)
        return load(self, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", counted)
    botocore_files._read.cache_clear()
    # What it was is put back after the test.
    monkeypatch.setattr(Loader, "FILE_LOADER_CLASS", Loader.FILE_LOADER_CLASS)
    expected = _client()
    botocore_files.read_once()
    read.clear()
    first, read_by_first = _client(), len(read)
    second = _client()
    assert read_by_first > 0
    assert len(read) == read_by_first
    for found in (first, second):
        assert found.meta.endpoint_url == expected.meta.endpoint_url
        names = found.meta.service_model.operation_names
        assert names == expected.meta.service_model.operation_names


def _client() -> Any:
    session = Session()
    session.set_credentials("-", "-")
    return session.create_client("sqs", region_name="eu-west-1")
