"""What the one page shows, read as CloudFormation would put its body together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest

from include.datasets import api_datasets, github_datasets
from infra.common.paths import REPOSITORY
from tests.unit.infra_aws.alarms import alarms, dimensions, watched
from tests.unit.infra_aws.templates import PSEUDO_PARAMETERS, Template, behind, of_type

COLUMNS = 24
Metric = tuple[str, str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Place:
    """Both templates of one environment; in values a resource is its logical id.

    Attributes:
        name: dev or prod.
        pipelines: the template whose outputs the dashboard reads.
        platform: the template that has the dashboard.
    """

    name: str
    pipelines: Template
    platform: Template

    def value(self, part: Any) -> str:
        """Work out a part of the body, or a dimension.

        Raises:
            ValueError: it is of no kind that is known here.
        """
        match part:
            case str():
                return part
            case {"Ref": name}:
                return str(PSEUDO_PARAMETERS.get(name, name))
            case {"Fn::GetAtt": [logical_id, "Arn" | "QueueName"]}:
                return str(logical_id)
            case {"Fn::GetStackOutput": {"StackName": stack, "OutputName": output}}:
                assert stack == f"sluice-{self.name}-pipelines"
                return behind(self.pipelines, output)[0]
            # The name that ends a queue's URL.
            case {"Fn::Select": [4, {"Fn::Split": ["/", {"Fn::Sub": ["${Url}", {"Url": url}]}]}]}:
                assert url["Fn::GetStackOutput"]["OutputName"].endswith("QueueUrl")
                return self.value(url)
        raise ValueError(f"not known: {part}")

    def widgets(self) -> list[dict[str, Any]]:
        ((_, dashboard),) = of_type(self.platform, "AWS::CloudWatch::Dashboard").items()
        body = dashboard["DashboardBody"]["Fn::Join"][1]
        found: list[dict[str, Any]] = json.loads("".join(self.value(part) for part in body))[
            "widgets"
        ]
        return found

    def shown(self) -> set[Metric]:
        rows = [
            [text for text in row if isinstance(text, str)]  # options may follow, in an object
            for widget in self.widgets()
            for row in widget["properties"].get("metrics", [])
        ]
        return {
            (space, name, frozenset(zip(dims[::2], dims[1::2], strict=True)))
            for space, name, *dims in rows
        }


@pytest.fixture(params=["dev", "prod"])
def place(request: pytest.FixtureRequest) -> Place:
    return Place(
        name=request.param,
        pipelines=json.loads(request.getfixturevalue(f"{request.param}_text")),
        platform=request.getfixturevalue(f"{request.param}_platform"),
    )


def test_page_opens_with_the_state_of_every_alarm_of_both_stacks(place: Place) -> None:
    first = place.widgets()[0]
    own = of_type(place.platform, "AWS::CloudWatch::Alarm")
    prefix = ":".join(["arn:aws:cloudwatch", PSEUDO_PARAMETERS["AWS::Region"], "123456789012"])
    others = {
        f"{prefix}:alarm:sluice-{place.name}-pipelines-{name}" for name in alarms(place.pipelines)
    }
    assert first["type"] == "alarm"
    assert sorted(first["properties"]["alarms"]) == sorted({*own, *others})


def test_every_metric_that_has_an_alarm_is_on_the_page(place: Place) -> None:
    found = [*alarms(place.pipelines).values(), *alarms(place.platform).values()]
    wanted = {
        (
            watched(alarm)["Namespace"],
            watched(alarm)["MetricName"],
            frozenset((name, place.value(value)) for name, value in dimensions(alarm).items()),
        )
        for alarm in found
    }
    assert wanted - place.shown() == set()


def test_every_dag_is_on_the_page_with_its_successes_and_failures(place: Place) -> None:
    files = {path.stem for path in (REPOSITORY / "dags").glob("*.py")}
    dags = files - {"api_to_lake", "github_csv_to_postgres"}
    dags |= {dataset.name for dataset in github_datasets()}
    dags |= {each.name for each in api_datasets() if "api_to_lake" in files}
    for name in ("DAGDurationSuccess", "DAGDurationFailed"):
        shown = {dict(dims)["DAG"] for _, metric, dims in place.shown() if metric == name}
        assert shown == dags


def test_good_hours_of_every_api_are_on_the_page(place: Place) -> None:
    database = behind(place.pipelines, "LakeDatabase")[0]
    shown = {dims for _, metric, dims in place.shown() if metric == "GoodHours"}
    assert shown == {
        frozenset({("Database", database), ("Dataset", each.name)}) for each in api_datasets()
    }


def test_every_queue_stream_table_and_workgroup_is_on_the_page(
    place: Place,
) -> None:
    shown = {value for _, _, dims in place.shown() for _, value in dims}
    kinds = (
        "AWS::Athena::WorkGroup",
        "AWS::DynamoDB::Table",
        "AWS::Kinesis::Stream",
        "AWS::SQS::Queue",
    )
    for kind in kinds:
        assert set(of_type(place.pipelines, kind)) <= shown


def test_every_way_to_the_internet_is_on_the_page(place: Place) -> None:
    shown = {value for _, _, dims in place.shown() for _, value in dims}
    assert set(of_type(place.platform, "AWS::EC2::NatGateway")) <= shown


def test_widgets_fill_the_page_without_covering_each_other(place: Place) -> None:
    boxes = [(w["x"], w["y"], w["x"] + w["width"], w["y"] + w["height"]) for w in place.widgets()]
    assert {left for left, *_ in boxes} >= {0}
    assert max(right for _, _, right, _ in boxes) == COLUMNS
    for one, other in combinations(boxes, 2):
        beside = one[2] <= other[0] or other[2] <= one[0]
        above = one[3] <= other[1] or other[3] <= one[1]
        assert beside or above
    assert sum((right - left) * (low - top) for left, top, right, low in boxes) == COLUMNS * max(
        low for *_, low in boxes
    )


def test_every_graph_has_a_title_of_its_own(place: Place) -> None:
    titles = [widget["properties"]["title"] for widget in place.widgets()]
    assert len(set(titles)) == len(titles)
