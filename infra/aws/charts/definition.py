"""What the analysis and the dashboard show: a sheet a dataset, a line chart a measure.

The words are those of CloudFormation, which the analysis and the dashboard have in common.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-quicksight-analysis.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.contracts.charts import Measure
    from infra.aws.charts.declared import DataSet

# The grid of a sheet is this many columns wide, and two charts stand beside each other.
_WIDTH = 36
_HEIGHT = 12
_DAYS = 7


def definition(arns: list[tuple[DataSet, str]]) -> dict[str, Any]:
    """Return the definition of an analysis, which is one of a dashboard as well.

    Arguments:
        arns: what is shown, and the ARN of its data set.
    """
    shown = [each for each, _ in arns]
    return {
        "DataSetIdentifierDeclarations": [
            {"Identifier": each.dataset.name, "DataSetArn": arn} for each, arn in arns
        ],
        "CalculatedFields": [field for each in shown for field in _fields(each)],
        "FilterGroups": [group for each in shown for group in _filters(each)],
        "Sheets": [_sheet(each) for each in shown],
    }


def _sheet(data_set: DataSet) -> dict[str, Any]:
    visuals = list(_visuals(data_set))
    return {
        "SheetId": _id(data_set),
        "Name": data_set.dataset.title,
        "Description": data_set.dataset.description,
        "Visuals": visuals,
        "FilterControls": [
            {
                "Dropdown": {
                    "FilterControlId": _id(data_set, column, "control"),
                    "Title": column,
                    "SourceFilterId": _id(data_set, column),
                    "Type": "MULTI_SELECT",
                }
            }
            for column in data_set.choices
        ],
        "Layouts": [{"Configuration": {"GridLayout": {"Elements": _places(visuals)}}}],
    }


def _places(visuals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    half = _WIDTH // 2
    return [
        {
            "ElementId": visual["LineChartVisual"]["VisualId"],
            "ElementType": "VISUAL",
            "ColumnIndex": number % 2 * half,
            "ColumnSpan": half,
            "RowIndex": number // 2 * _HEIGHT,
            "RowSpan": _HEIGHT,
        }
        for number, visual in enumerate(visuals)
    ]


def _visuals(data_set: DataSet) -> Iterator[dict[str, Any]]:
    for measure in data_set.chart.measures:
        column = measure["name"]
        sum_or_mean = "SUM" if data_set.adds_up(column) else "AVERAGE"
        aggregation = {"SimpleNumericalAggregation": sum_or_mean}
        value = _value(data_set, column) | {"AggregationFunction": aggregation}
        yield _line(data_set, column, column, [value])
        if measure["cumulative"]:
            names = [name for name, _ in _differences(measure)]
            values = [_value(data_set, name) for name in names]
            yield _line(data_set, f"{column}-new", f"{column}: new a day", values)


def _value(data_set: DataSet, column: str) -> dict[str, Any]:
    return {"FieldId": _id(data_set, column, "value"), "Column": _column(data_set, column)}


def _line(data_set: DataSet, name: str, title: str, values: list[dict[str, Any]]) -> dict[str, Any]:
    day = _id(data_set, name, "day")
    date = {
        "FieldId": day,
        "Column": _column(data_set, data_set.chart.date),
        "DateGranularity": "DAY",
    }
    wells = {
        "Category": [{"DateDimensionField": date}],
        "Values": [{"NumericalMeasureField": value} for value in values],
    }
    by_day = {"FieldSort": {"FieldId": day, "Direction": "ASC"}}
    return {
        "LineChartVisual": {
            "VisualId": _id(data_set, name),
            "Title": {"Visibility": "VISIBLE", "FormatText": {"PlainText": title}},
            "ChartConfiguration": {
                "FieldWells": {"LineChartAggregatedFieldWells": wells},
                "SortConfiguration": {"CategorySort": [by_day]},
                "Type": "LINE",
            },
        }
    }


def _fields(data_set: DataSet) -> Iterator[dict[str, str]]:
    for measure in data_set.chart.measures:
        for name, days in _differences(measure) if measure["cumulative"] else ():
            now, order = f"sum({{{measure['name']}}})", f"[{{{data_set.chart.date}}} ASC]"
            difference = f"{now} - lag({now}, {order}, {days})"
            yield {
                "DataSetIdentifier": data_set.dataset.name,
                "Name": name,
                "Expression": difference if days == 1 else f"({difference}) / {days}",
            }


def _differences(measure: Measure) -> tuple[tuple[str, int], ...]:
    """Names of what is worked out of a running total, and over how many days.

    The mean of what was new on each of seven days is a seventh of the total's difference.
    """
    return (
        (f"{measure['name']}: new a day", 1),
        (f"{measure['name']}: new a day, mean of {_DAYS} days", _DAYS),
    )


def _filters(data_set: DataSet) -> Iterator[dict[str, Any]]:
    scope = {"SheetId": _id(data_set), "Scope": "ALL_VISUALS"}
    for column in data_set.choices:
        everything = {"MatchOperator": "CONTAINS", "SelectAllOptions": "FILTER_ALL_VALUES"}
        chosen = {
            "FilterId": _id(data_set, column),
            "Column": _column(data_set, column),
            "Configuration": {"FilterListConfiguration": everything},
        }
        yield {
            "FilterGroupId": _id(data_set, column, "group"),
            "CrossDataset": "SINGLE_DATASET",
            "Filters": [{"CategoryFilter": chosen}],
            "ScopeConfiguration": {"SelectedSheets": {"SheetVisualScopingConfigurations": [scope]}},
            "Status": "ENABLED",
        }


def _column(data_set: DataSet, name: str) -> dict[str, str]:
    return {"DataSetIdentifier": data_set.dataset.name, "ColumnName": name}


def _id(data_set: DataSet, *parts: str) -> str:
    """Return an id, which takes letters, digits, hyphens and underscores, unlike names."""
    joined = "-".join((data_set.dataset.name, *parts))
    return "".join(
        char if char.isascii() and (char.isalnum() or char in "-_") else "-" for char in joined
    )
