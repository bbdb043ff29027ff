"""What botocore knows of AWS, read once in a process and its forks.

By itself each session of botocore reads its files anew, and each hook of Airflow makes a session.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader, Loader


@cache
def _read(path: str) -> Any:
    return JSONFileLoader().load_file(path)


class _ReadOnce(JSONFileLoader):
    def load_file(self, file_path: str) -> Any:
        return _read(file_path)


def read_once() -> None:
    """From now on, have no session of this process read a file that another has read."""
    Loader.FILE_LOADER_CLASS = _ReadOnce
