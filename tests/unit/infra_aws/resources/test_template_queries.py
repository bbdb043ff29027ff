"""What the stack promises of Glue's databases and Athena's workgroups."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.unit.infra_aws.templates import Template, behind, of_type, resolved

GIB = 1024**3
LEAST = 10_000_000  # bytes; Athena takes no lower limit


# Those that the pipelines compare exports in, and those that people query.
DATABASES = {"GlueDatabase": "", "LakeDatabase": "_lake"}
WORKGROUPS = {"AthenaWorkgroup": "results", "LakeWorkgroup": "lake"}


def workgroup(template: Template, output: str) -> dict[str, Any]:
    configuration: dict[str, Any] = behind(template, output)[1]["WorkGroupConfiguration"]
    return configuration


def test_there_are_two_databases_and_two_workgroups(template: Template) -> None:
    for kind, outputs in {
        "AWS::Glue::Database": DATABASES,
        "AWS::Athena::WorkGroup": WORKGROUPS,
    }.items():
        assert set(of_type(template, kind)) == {behind(template, output)[0] for output in outputs}
        assert len(of_type(template, kind)) == 2


@pytest.mark.parametrize(("output", "part"), DATABASES.items())
def test_database_has_a_name_that_sql_takes_without_quotes(
    template: Template, output: str, part: str
) -> None:
    _, database = behind(template, output)
    name = resolved(database["DatabaseInput"]["Name"])
    assert re.fullmatch(rf"sluice_(dev|prod){part}_0a1b2c3d", name)
    assert database["CatalogId"] == {"Ref": "AWS::AccountId"}


@pytest.mark.parametrize(("output", "folder"), WORKGROUPS.items())
def test_results_go_below_athena_in_the_lake_of_this_account_and_are_encrypted_as_it_is(
    template: Template, output: str, folder: str
) -> None:
    lake = {"Ref": behind(template, "LakeBucket")[0]}
    assert workgroup(template, output)["ResultConfiguration"] == {
        "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
        "ExpectedBucketOwner": {"Ref": "AWS::AccountId"},
        "OutputLocation": {"Fn::Join": ["", ["s3://", lake, f"/athena/{folder}/"]]},
    }


@pytest.mark.parametrize("output", WORKGROUPS)
def test_who_starts_a_query_chooses_neither_its_place_nor_its_encryption(
    template: Template, output: str
) -> None:
    assert workgroup(template, output)["EnforceWorkGroupConfiguration"] is True


@pytest.mark.parametrize("output", WORKGROUPS)
def test_engine_does_not_change_by_itself(template: Template, output: str) -> None:
    engine = workgroup(template, output)["EngineVersion"]
    assert engine == {"SelectedEngineVersion": "Athena engine version 3"}


@pytest.mark.parametrize("output", WORKGROUPS)
def test_what_queries_read_is_told_and_paid_by_this_account(
    template: Template, output: str
) -> None:
    assert workgroup(template, output)["PublishCloudWatchMetricsEnabled"] is True
    assert workgroup(template, output)["RequesterPaysEnabled"] is False


@pytest.mark.parametrize(("environment", "gib"), [("dev", 10), ("prod", 50)])
@pytest.mark.parametrize("output", WORKGROUPS)
def test_query_that_reads_too_much_is_stopped(
    request: pytest.FixtureRequest, output: str, environment: str, gib: int
) -> None:
    template = json.loads(request.getfixturevalue(f"{environment}_text"))
    limit = workgroup(template, output)["BytesScannedCutoffPerQuery"]
    assert limit == gib * GIB > LEAST


@pytest.mark.parametrize("output", WORKGROUPS)
def test_history_of_queries_keeps_no_stack_from_going(template: Template, output: str) -> None:
    assert behind(template, output)[1]["RecursiveDeleteOption"] is True
