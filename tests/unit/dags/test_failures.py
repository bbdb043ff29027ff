"""What is recorded of a failure, and which failures are tried again."""

from __future__ import annotations

import traceback
from typing import Any, ClassVar

import psycopg2
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from include.errors import FilesFailedError, InputFileError, NoVersionError, SourceUnavailableError
from wiring import failures


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Causes left for the notice, instead of in Airflow's XComs."""
    pushed: list[dict[str, Any]] = []

    class Ti:
        def xcom_push(self, **values: Any) -> None:
            pushed.append(values)

    monkeypatch.setattr(failures, "get_current_context", lambda: {"ti": Ti()})
    return pushed


def failing(error: BaseException) -> Any:
    @failures.records_cause
    def task() -> None:
        raise error

    return task


def test_terminal_error_is_not_tried_again(left: list[dict[str, Any]]) -> None:
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 -- after the environment

    with pytest.raises(AirflowFailException, match="no version"):
        failing(NoVersionError("no version"))()
    recorded = {
        "cause": "no version",
        "in_file": "no version",
        "below": "",
        "final": True,
        "broken": [],
    }
    assert left == [{"key": "failure", "value": recorded}]


def test_lines_to_copy_are_recorded_and_logged_as_they_are(
    left: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 -- after the environment

    with pytest.raises(AirflowFailException, match=r"^1 of 1 files failed$"):
        failing(FilesFailedError("1 of 1 files failed", below="one\n  two\n"))()
    assert left[0]["value"]["below"] == "one\n  two\n"
    assert "one\n  two\n" in caplog.text


@pytest.mark.usefixtures("left")
def test_terminal_error_is_raised_without_its_cause() -> None:
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 -- after the environment

    error = NoVersionError("no version")
    error.__cause__ = ValueError("row: secret")
    with pytest.raises(AirflowFailException) as failed:
        failing(error)()
    assert "secret" not in "".join(traceback.format_exception(failed.value))


def test_transient_error_is_left_to_the_retries(left: list[dict[str, Any]]) -> None:
    with pytest.raises(SourceUnavailableError):
        failing(SourceUnavailableError("GitHub is out"))()
    recorded = {
        "cause": "GitHub is out",
        "in_file": "GitHub is out",
        "below": "",
        "final": False,
        "broken": [],
    }
    assert left == [{"key": "failure", "value": recorded}]


def test_cause_beside_the_name_of_its_file_does_not_repeat_it(left: list[dict[str, Any]]) -> None:
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 -- after the environment

    error = InputFileError(file="in/a.csv", line=2, problem="it is odd", fix="Mend it")
    with pytest.raises(AirflowFailException, match=r"^in/a\.csv, line 2: it is odd\. Mend it$"):
        failing(error)()
    assert left[0]["value"]["in_file"] == "line 2: it is odd. Mend it"
    whole = InputFileError(file="in/a.csv", line=None, problem="it is empty", fix="Mend it")
    assert failures.cause_in_file(whole) == "it is empty. Mend it"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (NoVersionError("two\nlines"), "two lines"),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "secret"}}, "PutObject"),
            "AWS answered AccessDenied to PutObject",
        ),
        (
            EndpointConnectionError(endpoint_url="http://secret"),
            "AWS is out of reach: EndpointConnectionError",
        ),
        (psycopg2.DataError("row: secret"), "DataError; the log has the rest"),
        (KeyError("secret"), "KeyError; the log has the rest"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_cause_is_one_line_without_what_others_wrote(error: BaseException, cause: str) -> None:
    assert failures.cause_of(error) == cause


def test_cause_that_cannot_be_left_does_not_hide_the_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Any:
        raise RuntimeError("no context")

    monkeypatch.setattr(failures, "get_current_context", broken)
    with pytest.raises(SourceUnavailableError):
        failing(SourceUnavailableError("GitHub is out"))()
    assert "could not be recorded" in caplog.text


def test_run_is_repeated_with_what_it_was_given_of_its_form_and_nothing_else() -> None:
    class Run:
        conf: ClassVar[Any] = {"table": "orders", "tenant": "acme", "other": "secret", "from": None}

    given = failures._given(Run(), ("tenant", "table", "from"))
    assert [*given.items()] == [("tenant", "acme"), ("table", "orders")]
    assert failures._given(None, ("tenant",)) == {}
