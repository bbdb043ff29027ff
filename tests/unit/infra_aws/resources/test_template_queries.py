"""What the stack promises of Glue's database and Athena's workgroup."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.unit.infra_aws.templates import Template, behind, of_type, resolved

GIB = 1024**3
LEAST = 10_000_000  # bytes; Athena takes no lower limit


def workgroup(template: Template) -> dict[str, Any]:
    configuration: dict[str, Any] = behind(template, "AthenaWorkgroup")[1]["WorkGroupConfiguration"]
    return configuration


def test_there_is_one_database_and_one_workgroup(template: Template) -> None:
    for kind, output in {
        "AWS::Glue::Database": "GlueDatabase",
        "AWS::Athena::WorkGroup": "AthenaWorkgroup",
    }.items():
        assert set(of_type(template, kind)) == {behind(template, output)[0]}


def test_database_has_a_name_that_sql_takes_without_quotes(template: Template) -> None:
    _, database = behind(template, "GlueDatabase")
    name = resolved(database["DatabaseInput"]["Name"])
    assert re.fullmatch(r"sluice_(dev|prod)_0a1b2c3d", name)
    assert database["CatalogId"] == {"Ref": "AWS::AccountId"}


def test_results_go_below_athena_in_the_lake_of_this_account_and_are_encrypted_as_it_is(
    template: Template,
) -> None:
    lake = {"Ref": behind(template, "LakeBucket")[0]}
    assert workgroup(template)["ResultConfiguration"] == {
        "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
        "ExpectedBucketOwner": {"Ref": "AWS::AccountId"},
        "OutputLocation": {"Fn::Join": ["", ["s3://", lake, "/athena/results/"]]},
    }


def test_who_starts_a_query_chooses_neither_its_place_nor_its_encryption(
    template: Template,
) -> None:
    assert workgroup(template)["EnforceWorkGroupConfiguration"] is True


def test_engine_does_not_change_by_itself(template: Template) -> None:
    engine = workgroup(template)["EngineVersion"]
    assert engine == {"SelectedEngineVersion": "Athena engine version 3"}


def test_what_queries_read_is_told_and_paid_by_this_account(template: Template) -> None:
    assert workgroup(template)["PublishCloudWatchMetricsEnabled"] is True
    assert workgroup(template)["RequesterPaysEnabled"] is False


@pytest.mark.parametrize(("environment", "gib"), [("dev", 10), ("prod", 50)])
def test_query_that_reads_too_much_is_stopped(
    request: pytest.FixtureRequest, environment: str, gib: int
) -> None:
    template = json.loads(request.getfixturevalue(f"{environment}_text"))
    limit = workgroup(template)["BytesScannedCutoffPerQuery"]
    assert limit == gib * GIB > LEAST


def test_history_of_queries_keeps_no_stack_from_going(template: Template) -> None:
    assert behind(template, "AthenaWorkgroup")[1]["RecursiveDeleteOption"] is True
