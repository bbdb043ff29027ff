"""The form of an upload pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from include.errors import RunInputError
from wiring.uploads.form import FIELDS, UploadForm, form_params, read_form

PARAMS = form_params("uploads/sqs/")
KEY, VERSION = "uploads/sqs/a.csv", "v1"
OBJECT = {"key": KEY, "version_id": VERSION}
NOTHING: dict[str, Any] = {
    "bucket": None,
    "key": None,
    "version_id": None,
    "prefix": None,
    "again": True,
    "objects": None,
}


@dataclass
class Run:
    """As much of Airflow's dag_run as read_form reads."""

    run_type: str = "manual"
    conf: dict[str, Any] | None = field(default_factory=dict)


def form(run_type: str = "manual", **given: Any) -> UploadForm:
    return read_form(params=NOTHING | given, run=Run(run_type=run_type, conf=given))


def test_form_has_every_field() -> None:
    assert {name: param.value for name, param in PARAMS.items()} == NOTHING
    assert tuple(PARAMS) == FIELDS


@pytest.mark.parametrize("run_type", ["asset_triggered", "scheduled"])
def test_run_that_answers_events_is_given_nothing(run_type: str) -> None:
    assert not form(run_type).names_files
    assert not read_form(params=NOTHING, run=Run(run_type=run_type, conf=None)).names_files


@pytest.mark.parametrize(
    "given",
    [
        {"key": KEY},
        {"key": KEY, "version_id": VERSION},
        {"key": KEY, "bucket": "landing", "again": False},
        {"prefix": "uploads/sqs/2026/"},
        {"objects": [OBJECT]},
    ],
)
def test_run_by_hand_names_its_files(given: dict[str, Any]) -> None:
    found = form(**given)
    assert found.names_files
    objects = tuple((each["key"], each["version_id"]) for each in given.get("objects", ()))
    assert vars(found) == NOTHING | given | {"objects": objects}


def test_run_of_the_sweep_has_the_objects_that_it_found() -> None:
    found = form("operator_triggered", objects=[OBJECT, OBJECT | {"key": "b"}], again=False)
    assert found.objects == ((KEY, VERSION), ("b", VERSION))
    assert not found.again


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({}, "Give a key or a prefix", id="nothing"),
        pytest.param({"bucket": "landing"}, "Give a key or a prefix", id="bucket-alone"),
        pytest.param({"key": "", "prefix": ""}, "Give a key or a prefix", id="empty"),
        pytest.param({"objects": []}, "Give a key or a prefix", id="no-objects"),
        pytest.param({"keys": KEY}, "Unknown parameters: keys. Known are bucket", id="unknown"),
        pytest.param({"key": KEY, "prefix": "uploads/sqs/"}, "Give one of", id="key-and-prefix"),
        pytest.param({"key": KEY, "objects": [OBJECT]}, "Give one of", id="key-and-objects"),
        pytest.param({"prefix": "u", "objects": [OBJECT]}, "Give one of", id="prefix-and-objects"),
        pytest.param({"version_id": VERSION}, "version_id needs its key", id="version-alone"),
        pytest.param(
            {"version_id": VERSION, "prefix": "u"}, "version_id needs its key", id="version-prefix"
        ),
        pytest.param({"key": 7}, "key must be text", id="key-number"),
        pytest.param({"key": [KEY]}, "key must be text", id="key-list"),
        pytest.param({"prefix": {}}, "prefix must be text", id="prefix-object"),
        pytest.param({"key": KEY, "version_id": 1}, "version_id must be text", id="version-number"),
        pytest.param({"key": KEY, "bucket": True}, "bucket must be text", id="bucket-bool"),
        pytest.param({"key": KEY, "again": "yes"}, "again must be true or false", id="again-text"),
        pytest.param({"objects": KEY}, "objects must be a list", id="objects-text"),
        pytest.param({"objects": OBJECT}, "objects must be a list", id="objects-object"),
        pytest.param({"objects": 5}, "objects must be a list", id="objects-number"),
        pytest.param({"objects": False}, "objects must be a list", id="objects-bool"),
        pytest.param({"objects": [KEY]}, "objects must be a list", id="objects-texts"),
        pytest.param({"objects": [{"key": KEY}]}, "objects must be a list", id="no-version"),
        pytest.param({"objects": [OBJECT | {"etag": "e"}]}, "objects must be", id="one-more-name"),
        pytest.param({"objects": [OBJECT | {"key": 7}]}, "both text", id="objects-key-number"),
        pytest.param({"objects": [OBJECT | {"version_id": ""}]}, "both text", id="empty-version"),
    ],
)
def test_wrong_input_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RunInputError, match=message):
        form(**given)


def test_unknown_name_is_refused_in_a_run_that_answers_events_too() -> None:
    with pytest.raises(RunInputError, match="Unknown parameters: file"):
        form("asset_triggered", file=KEY)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bucket", 7),
        ("key", ""),
        ("key", 7),
        ("version_id", ""),
        ("prefix", [""]),
        ("again", "yes"),
        ("objects", "text"),
        ("objects", [{"key": KEY}]),
        ("objects", [OBJECT | {"etag": "e"}]),
    ],
)
def test_form_refuses_wrong_values_by_its_schema(name: str, value: Any) -> None:
    from airflow.sdk.exceptions import ParamValidationError  # noqa: PLC0415 -- after the environment

    with pytest.raises(ParamValidationError):
        PARAMS[name].resolve(value)


def test_again_that_is_given_as_null_is_on() -> None:
    assert form(key=KEY, again=None).again


@pytest.mark.parametrize("name", FIELDS)
def test_no_box_of_the_form_is_required(name: str) -> None:
    assert "null" in PARAMS[name].schema["type"]
