"""Files in the bucket that MWAA reads: only what differs is written, and only below dags/."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from infra.common.own_files import NOBODY
from infra.deploy import code_files, dag_files
from infra.deploy.deploying import check_package
from infra.deploy.emptying import empty
from infra.deploy.errors import DeployError
from tests.support.clients import client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Aws

DAGS = {
    "dags/.airflowignore": "include/\nwiring/\n",
    "dags/covid.py": "import include.core",
    "dags/weather.py": "import include.core",
    "dags/wiring/clients.py": "x = 1",
    "dags/include/core/csv.py": "y = 1",
    "dags/include/sql/load.sql": "select 1",
}
CODE = {"plugins.zip": "PK", "requirements.txt": "duckdb", "startup.sh": "true"}


@pytest.fixture
def s3(aws: Aws) -> Any:
    return client("s3", aws.endpoint)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package as `make package` lays it out."""
    for key, text in {**DAGS, **CODE}.items():
        write(tmp_path, key, text)
    return tmp_path


def write(package: Path, key: str, text: str) -> None:
    path = package / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def contents(s3: Any, bucket: str) -> dict[str, str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}


def versions(s3: Any, bucket: str) -> int:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    return sum(len(p.get("Versions", [])) + len(p.get("DeleteMarkers", [])) for p in pages)


def test_three_files_get_a_version_each_and_keep_it_while_their_bytes_stay(
    s3: Any, landing: str, package: Path
) -> None:
    first, uploaded = code_files.upload(s3, landing, package)
    assert uploaded == ["plugins.zip", "requirements.txt", "startup.sh"]
    assert first.keys() == {"PluginsVersion", "RequirementsVersion", "StartupScriptVersion"}
    for key, parameter in code_files.PARAMETERS.items():
        given = s3.get_object(Bucket=landing, Key=key, VersionId=first[parameter])
        assert given["Body"].read().decode() == CODE[key]
    assert code_files.upload(s3, landing, package) == (first, [])
    assert versions(s3, landing) == 3


def test_file_that_changed_gets_a_version_of_its_own_and_the_others_keep_theirs(
    s3: Any, landing: str, package: Path
) -> None:
    first, _ = code_files.upload(s3, landing, package)
    write(package, "requirements.txt", "duckdb==2.0.0")
    second, uploaded = code_files.upload(s3, landing, package)
    assert uploaded == ["requirements.txt"]
    changed = {parameter for parameter in first if first[parameter] != second[parameter]}
    assert changed == {"RequirementsVersion"}


def test_file_that_somebody_put_by_hand_or_deleted_is_put_again(
    s3: Any, landing: str, package: Path
) -> None:
    code_files.upload(s3, landing, package)
    s3.put_object(Bucket=landing, Key="startup.sh", Body=b"true")
    s3.delete_object(Bucket=landing, Key="plugins.zip")
    versions, uploaded = code_files.upload(s3, landing, package)
    assert uploaded == ["plugins.zip", "startup.sh"]
    head = s3.head_object(Bucket=landing, Key="plugins.zip")
    assert head["VersionId"] == versions["PluginsVersion"]


def test_sync_makes_the_folder_of_dags_what_the_package_has(
    s3: Any, landing: str, package: Path
) -> None:
    changes = dag_files.sync(s3, landing, package)
    assert contents(s3, landing) == DAGS
    assert (set(changes.uploaded), changes.deleted, changes.kept) == (set(DAGS), [], 0)


def test_dag_files_come_after_what_they_import_and_go_before_it(
    s3: Any, landing: str, package: Path
) -> None:
    changes = dag_files.sync(s3, landing, package)
    assert changes.uploaded[-2:] == ["dags/covid.py", "dags/weather.py"]
    for key in ("dags/weather.py", "dags/wiring/clients.py"):
        (package / key).unlink()
    changes = dag_files.sync(s3, landing, package)
    assert changes.deleted == ["dags/weather.py", "dags/wiring/clients.py"]
    assert changes.uploaded == []
    assert contents(s3, landing).keys() == DAGS.keys() - set(changes.deleted)


def test_second_sync_of_the_same_files_writes_nothing(s3: Any, landing: str, package: Path) -> None:
    dag_files.sync(s3, landing, package)
    before = versions(s3, landing)
    changes = dag_files.sync(s3, landing, package)
    assert (changes.uploaded, changes.deleted, changes.kept) == ([], [], len(DAGS))
    assert versions(s3, landing) == before


def test_file_of_the_same_length_and_other_bytes_is_uploaded(
    s3: Any, landing: str, package: Path
) -> None:
    dag_files.sync(s3, landing, package)
    write(package, "dags/wiring/clients.py", "x = 2")
    changes = dag_files.sync(s3, landing, package)
    assert (changes.uploaded, changes.kept) == (["dags/wiring/clients.py"], len(DAGS) - 1)


def test_sync_touches_nothing_beside_the_folder_of_dags(
    s3: Any, landing: str, package: Path
) -> None:
    beside = {"plugins.zip": "PK", "dags-of-others/a.py": "1", "other/dags/a.py": "2", "dags/": ""}
    for key, text in beside.items():
        s3.put_object(Bucket=landing, Key=key, Body=text.encode())
    dag_files.sync(s3, landing, package)
    assert contents(s3, landing) == {**beside, **DAGS}


def test_sync_and_emptying_go_over_pages_of_a_thousand(
    s3: Any, landing: str, package: Path
) -> None:
    more = [f"dags/include/sql/{number:04}.sql" for number in range(1001)]
    for key in more:
        write(package, key, key)
    assert len(dag_files.sync(s3, landing, package).uploaded) == len(DAGS) + 1001
    assert dag_files.sync(s3, landing, package).kept == len(DAGS) + 1001
    for key in more:
        (package / key).unlink()
    assert dag_files.sync(s3, landing, package).deleted == sorted(more, reverse=True)
    assert empty(s3, landing) == len(DAGS) + 2 * 1001
    assert versions(s3, landing) == 0


def test_emptying_takes_every_version_and_delete_marker_and_an_empty_bucket(
    s3: Any, landing: str
) -> None:
    for text in (b"1", b"2"):
        s3.put_object(Bucket=landing, Key="a", Body=text)
    s3.delete_object(Bucket=landing, Key="a")
    assert empty(s3, landing) == 3
    assert empty(s3, landing) == 0
    s3.delete_bucket(Bucket=landing)


def test_checksum_is_the_one_that_s3_keeps(s3: Any, landing: str) -> None:
    code_files.put(s3, landing, "a", b"bytes")
    kept, _ = code_files.stored(s3, landing, "a")
    assert kept == code_files.checksum(b"bytes")
    assert len(hashlib.sha256(b"bytes").digest()) == 32
    assert code_files.stored(s3, landing, "b") == (None, "")


@pytest.mark.parametrize("missing", ["plugins.zip", "requirements.txt", "startup.sh"])
def test_package_that_lacks_a_file_is_refused_before_anything_is_changed(
    package: Path, missing: str
) -> None:
    check_package(package)
    (package / missing).unlink()
    with pytest.raises(DeployError, match=f"lacks {missing}: make package builds it"):
        check_package(package)


def test_package_without_a_dag_file_is_refused(package: Path) -> None:
    for path in (package / "dags").glob("*.py"):
        path.unlink()
    with pytest.raises(DeployError, match="lacks a DAG file"):
        check_package(package)


def test_dataset_whose_file_is_on_one_laptop_is_refused_before_anything_is_changed(
    package: Path,
) -> None:
    datasets = package / "dags" / "include" / "datasets"
    datasets.mkdir(parents=True)
    for name, owner in (("mine", NOBODY), ("theirs", "ann"), ("also_mine", NOBODY)):
        (datasets / f"{name}.py").write_text(f'DATASET = GitHubFile(owner="{owner}", path="a")\n')
    with pytest.raises(DeployError, match=r"^also_mine, mine: the file is on one laptop alone"):
        check_package(package)
