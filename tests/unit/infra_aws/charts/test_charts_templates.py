"""QuickSight in the templates, where an environment asks for it, and that no other has any."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from infra.aws.charts.declared import charted
from infra.common.paths import REPOSITORY
from tests.support.charts_templates import synthesize_charts
from tests.unit.infra_aws.network.networks import (
    Rule,
    airflow_group,
    database_group,
    subnets,
    ways_in,
    ways_out,
)
from tests.unit.infra_aws.templates import STACKS, Template, behind, of_type, read, resolved
from tests.unit.infra_aws.test_every_template import ON_EVERY_RESOURCE, listed, statements

if TYPE_CHECKING:
    from pathlib import Path

RunCdk = Callable[..., subprocess.CompletedProcess[str]]
DATASETS = [each.dataset for each in charted()]


@pytest.fixture(scope="module")
def folder(run_cdk: RunCdk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesize_charts(run_cdk, tmp_path_factory.mktemp("charts"))


@pytest.fixture(scope="module")
def shown(folder: Path) -> Template:
    """The platform of an environment with QuickSight."""
    return read(folder, "dev", "platform")


@pytest.fixture(scope="module")
def charts(folder: Path) -> Template:
    return read(folder, "dev", "charts")


def the_only(template: Template, kind: str) -> dict[str, Any]:
    (found,) = of_type(template, kind).values()
    return dict(found)


def output(name: str) -> dict[str, Any]:
    """What the charts read of the platform."""
    return {"Fn::GetStackOutput": {"OutputName": name, "StackName": "sluice-dev-platform"}}


def group(name: str) -> str:
    return f"arn:aws:quicksight:us-east-1:123456789012:group/default/{name}"


def may(resource: dict[str, Any]) -> dict[str, set[str]]:
    """The actions of each group."""
    return {
        resolved(each["Principal"]): {action.split(":")[1] for action in each["Actions"]}
        for each in resource["Permissions"]
    }


def test_no_environment_ships_with_quicksight(templates_folder: Path) -> None:
    for environment in ("dev", "prod"):
        found = sorted((templates_folder / environment).glob("*.template.json"))
        assert [path.name.split(".")[0] for path in found] == sorted(STACKS)
        for path in found:
            assert "quicksight" not in path.read_text().lower()


def test_quicksight_adds_to_the_platform_and_changes_no_other_stack(
    folder: Path, templates_folder: Path, shown: Template
) -> None:
    for stack in ("code", "pipelines"):
        assert read(folder, "dev", stack) == read(templates_folder, "dev", stack)
    plain = read(templates_folder, "dev", "platform")
    assert plain["Outputs"].items() <= shown["Outputs"].items()
    changed = {
        plain["Resources"][name]["Type"]
        for name, resource in plain["Resources"].items()
        if shown["Resources"][name] != resource
    }
    # The rights of the role, and what its DAGs are told.
    assert changed == {"AWS::IAM::ManagedPolicy", "AWS::MWAA::Environment"}
    added = shown["Resources"].keys() - plain["Resources"].keys()
    assert sorted(shown["Resources"][name]["Type"] for name in added) == [
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::SecretsManager::Secret",
    ]


def test_cfn_lint_finds_nothing_in_the_templates_with_quicksight(
    cdk_programs: Path, folder: Path
) -> None:
    templates = sorted(map(str, (folder / "dev").glob("*.template.json")))
    assert len(templates) == len(STACKS) + 1
    command = [str(cdk_programs / "cfn-lint"), *templates]
    lint = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (lint.returncode, lint.stdout, lint.stderr) == (0, "", "")


def test_quicksight_reaches_the_warehouse_and_nothing_reaches_quicksight(shown: Template) -> None:
    given = shown["Outputs"]["ChartsSecurityGroup"]["Value"]
    own, warehouse = given["Fn::GetAtt"][0], database_group(shown)
    assert ways_out(shown, own) == [Rule(warehouse, 5432)]
    assert ways_in(shown, own) == []
    assert set(ways_in(shown, warehouse)) == {Rule(airflow_group(shown), 5432), Rule(own, 5432)}
    assert ways_out(shown, warehouse) == []


def test_interfaces_are_in_the_private_subnets_and_in_the_group_of_quicksight(
    charts: Template, shown: Template
) -> None:
    connection = the_only(charts, "AWS::QuickSight::VPCConnection")
    assert connection["SecurityGroupIds"] == [output("ChartsSecurityGroup")]
    names = [f"PrivateSubnet{number}" for number in (1, 2)]
    assert connection["SubnetIds"] == [output(name) for name in names]
    given = {shown["Outputs"][name]["Value"]["Ref"] for name in names}
    assert given == subnets(shown, "NatGatewayId").keys()


def test_role_of_the_connection_keeps_interfaces_there_and_does_nothing_else(
    charts: Template,
) -> None:
    role = the_only(charts, "AWS::IAM::Role")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "quicksight.amazonaws.com"}
    (policy,) = role["ManagedPolicyArns"]
    rights = charts["Resources"][policy["Ref"]]["Properties"]["PolicyDocument"]["Statement"]
    keeping, seeing = rights
    assert keeping["Action"] == [
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:ModifyNetworkInterfaceAttribute",
    ]
    ends = [
        [part for part in each["Fn::Join"][1] if part not in ("", ":")][-1]
        for each in keeping["Resource"]
    ]
    assert ends == [
        ":network-interface/*",
        output("ChartsSecurityGroup"),
        output("PrivateSubnet1"),
        output("PrivateSubnet2"),
    ]
    assert seeing["Action"] == ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets"]


def test_every_resource_is_named_but_where_an_action_knows_none(
    shown: Template, charts: Template
) -> None:
    found = [*statements(shown), *statements(charts)]
    everywhere = {
        each["Sid"]
        for each in found
        if "*" in listed(each.get("Resource", [])) and "Principal" not in each
    }
    assert everywhere - ON_EVERY_RESOURCE.keys() == {"SeeTheNetwork"}
    for each in found:
        assert each.get("Principal") not in ("*", {"AWS": "*"})
        assert "*" not in listed(each["Action"])


def test_source_takes_tls_and_the_password_of_the_secret(charts: Template) -> None:
    source = the_only(charts, "AWS::QuickSight::DataSource")
    assert source["Type"] == "POSTGRESQL"
    assert source["SslProperties"] == {"DisableSsl": False}
    assert source["Credentials"] == {"SecretArn": output("ChartsSecretArn")}
    assert source["DataSourceParameters"] == {
        "PostgreSqlParameters": {
            "Database": "warehouse",
            "Host": output("DatabaseEndpoint"),
            "Port": 5432,
        }
    }
    ((connection, _),) = of_type(charts, "AWS::QuickSight::VPCConnection").items()
    way = {"VpcConnectionArn": {"Fn::GetAtt": [connection, "Arn"]}}
    assert source["VpcConnectionProperties"] == way


def test_password_is_in_no_template_and_under_the_key_of_the_warehouse(shown: Template) -> None:
    name, secret = behind(shown, "ChartsSecretArn")
    assert "SecretString" not in secret
    made = secret["GenerateSecretString"]
    assert json.loads(made["SecretStringTemplate"]).keys() == {"dbname", "engine", "username"}
    (database,) = of_type(shown, "AWS::RDS::DBInstance").values()
    assert secret["KmsKeyId"] == database["KmsKeyId"]
    resource = shown["Resources"][name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Delete", "Delete")


def test_user_of_the_secret_is_the_one_that_the_statements_make(shown: Template) -> None:
    _, secret = behind(shown, "ChartsSecretArn")
    user = json.loads(secret["GenerateSecretString"]["SecretStringTemplate"])["username"]
    text = (REPOSITORY / "include/sql/warehouse/charts_login.sql").read_text()
    assert f"create role {user}\n" in text
    assert f"alter role {user} login" in text


def test_quicksight_reads_the_one_secret_and_decrypts_nothing_else(charts: Template) -> None:
    (policy,) = (
        each for each in of_type(charts, "AWS::IAM::ManagedPolicy").values() if each.get("Roles")
    )
    assert policy["Roles"] == ["aws-quicksight-secretsmanager-role-v0"]
    reading, decrypting = policy["PolicyDocument"]["Statement"]
    secret = output("ChartsSecretArn")
    assert (reading["Action"], reading["Resource"]) == ("secretsmanager:GetSecretValue", secret)
    assert decrypting["Action"] == "kms:Decrypt"
    assert decrypting["Resource"] == output("ConnectionsKeyArn")
    assert decrypting["Condition"]["StringEquals"]["kms:EncryptionContext:SecretARN"] == secret


def test_source_waits_until_quicksight_may_read_its_secret(charts: Template) -> None:
    ((name, _),) = of_type(charts, "AWS::QuickSight::DataSource").items()
    policies = {
        logical_id
        for logical_id, each in of_type(charts, "AWS::IAM::ManagedPolicy").items()
        if each.get("Roles")
    }
    assert policies <= {*charts["Resources"][name]["DependsOn"]}


def test_each_table_is_a_data_set_with_the_columns_that_are_declared(charts: Template) -> None:
    sets = of_type(charts, "AWS::QuickSight::DataSet").values()
    tables = {}
    for each in sets:
        assert each["ImportMode"] == "SPICE"
        assert each["IngestionWaitPolicy"] == {"WaitForSpiceIngestion": False}
        relation = each["PhysicalTableMap"]["table"]["RelationalTable"]
        columns = [column["Name"] for column in relation["InputColumns"]]
        tables[each["DataSetId"]] = (relation["Schema"], relation["Name"], columns)
    assert tables == {
        f"sluice-dev-{dataset.name}": (
            dataset.table.schema,
            dataset.table.name,
            [column.name for column in dataset.table.columns],
        )
        for dataset in DATASETS
    }


def test_analysis_and_dashboard_show_the_same(charts: Template) -> None:
    analysis = the_only(charts, "AWS::QuickSight::Analysis")
    dashboard = the_only(charts, "AWS::QuickSight::Dashboard")
    assert analysis["Definition"] == dashboard["Definition"]
    assert (analysis["AnalysisId"], dashboard["DashboardId"]) == ("sluice-dev", "sluice-dev")


def test_readers_look_and_authors_change_and_nobody_else_is_named(charts: Template) -> None:
    authors, readers = group("analysts"), group("colleagues")
    looking = {"DescribeDashboard", "ListDashboardVersions", "QueryDashboard"}
    found = {
        resource["Type"].rsplit(":")[-1]: may(resource["Properties"])
        for resource in charts["Resources"].values()
        if "Permissions" in resource["Properties"]
    }
    assert found["Dashboard"] == {authors: looking, readers: looking}
    for kind in ("Analysis", "DataSet", "DataSource"):
        assert found[kind].keys() == {authors}
    for kind in ("DataSet", "DataSource"):
        assert not [a for a in found[kind][authors] if a.startswith(("Delete", "Update"))]


def columns_in(value: Any) -> list[tuple[str, str]]:
    """Every column that is named somewhere in a value, with its data set."""
    if isinstance(value, list):
        return [found for item in value for found in columns_in(item)]
    if not isinstance(value, dict):
        return []
    if value.keys() == {"DataSetIdentifier", "ColumnName"}:
        return [(value["DataSetIdentifier"], value["ColumnName"])]
    return [found for item in value.values() for found in columns_in(item)]


@pytest.fixture(scope="module")
def definition(charts: Template) -> dict[str, Any]:
    found: dict[str, Any] = the_only(charts, "AWS::QuickSight::Analysis")["Definition"]
    return found


def test_each_sheet_has_a_line_a_measure_by_day_and_what_came_between(
    definition: dict[str, Any],
) -> None:
    for each, sheet in zip(charted(), definition["Sheets"], strict=True):
        chart, drawn = each.chart, {}
        for visual in sheet["Visuals"]:
            line = visual["LineChartVisual"]
            wells = line["ChartConfiguration"]["FieldWells"]["LineChartAggregatedFieldWells"]
            ((_, day),) = columns_in(wells["Category"])
            assert day == chart.date
            title = line["Title"]["FormatText"]["PlainText"]
            drawn[title] = [name for _, name in columns_in(wells["Values"])]
        new = {
            f"{m['name']}: new a day": [
                f"{m['name']}: new a day",
                f"{m['name']}: new a day, mean of 7 days",
            ]
            for m in chart.measures
            if m["cumulative"]
        }
        assert drawn == {m["name"]: [m["name"]] for m in chart.measures} | new


def test_each_choice_is_a_control_that_filters_its_sheet(definition: dict[str, Any]) -> None:
    groups = {
        each["Filters"][0]["CategoryFilter"]["FilterId"]: each
        for each in definition["FilterGroups"]
    }
    controlled = set()
    for shown, sheet in zip(charted(), definition["Sheets"], strict=True):
        controls = [each["Dropdown"] for each in sheet["FilterControls"]]
        assert [each["Title"] for each in controls] == shown.choices
        for each in controls:
            found = groups[each["SourceFilterId"]]
            controlled.add(each["SourceFilterId"])
            assert columns_in(found["Filters"]) == [(shown.dataset.name, each["Title"])]
            (scope,) = found["ScopeConfiguration"]["SelectedSheets"][
                "SheetVisualScopingConfigurations"
            ]
            assert scope == {"SheetId": sheet["SheetId"], "Scope": "ALL_VISUALS"}
    assert controlled == groups.keys()


def test_every_column_that_is_drawn_is_declared_or_worked_out(definition: dict[str, Any]) -> None:
    known = {(d.name, column.name) for d in DATASETS for column in d.table.columns}
    for each in definition["CalculatedFields"]:
        known.add((each["DataSetIdentifier"], each["Name"]))
    assert {*columns_in(definition)} <= known
    declared = [each["Identifier"] for each in definition["DataSetIdentifierDeclarations"]]
    assert declared == [dataset.name for dataset in DATASETS]


def test_ids_are_told_apart_and_every_visual_has_a_place(definition: dict[str, Any]) -> None:
    ids: list[str] = []
    for sheet in definition["Sheets"]:
        visuals = [each["LineChartVisual"]["VisualId"] for each in sheet["Visuals"]]
        (layout,) = sheet["Layouts"]
        places = layout["Configuration"]["GridLayout"]["Elements"]
        assert [each["ElementId"] for each in places] == visuals
        assert len({(each["RowIndex"], each["ColumnIndex"]) for each in places}) == len(places)
        ids += [sheet["SheetId"], *visuals]
        fields = json.dumps(sheet["Visuals"]).count('"FieldId"')
        assert fields >= len(visuals)
    assert len(set(ids)) == len(ids)
