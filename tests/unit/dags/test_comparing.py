"""What a person asks for with the form of compare_exports."""

from __future__ import annotations

from typing import Any

import pytest

from include.errors import RunInputError
from wiring.comparing import asked_for
from wiring.declarations import declared

GIVEN = {"tenant": "acme", "table": "orders", "from_version": None, "to_version": "v2!002"}


class Run:
    def __init__(self, **conf: Any) -> None:
        self.conf = conf


def test_form_names_a_table_and_two_versions() -> None:
    assert asked_for(params=GIVEN, run=Run(**GIVEN)) == GIVEN
    both = {**GIVEN, "from_version": "2026-01-31"}
    assert asked_for(params=both, run=Run()) == both


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tenant", None),
        ("tenant", "a/b"),
        ("table", 3),
        ("table", ""),
        ("from_version", "v1!2"),
        ("from_version", "v1\n"),
        ("to_version", None),
        ("to_version", "../v1"),
    ],
)
def test_text_of_another_shape_is_refused(name: str, value: Any) -> None:
    with pytest.raises(RunInputError, match=f"Parameter {name} must be text"):
        asked_for(params={**GIVEN, name: value}, run=Run())


def test_unknown_name_is_refused() -> None:
    with pytest.raises(RunInputError, match=r"Unknown parameters: version\. Known are tenant"):
        asked_for(params=GIVEN, run=Run(version="v1"))


def test_table_that_no_dataset_declares_is_refused() -> None:
    asked = asked_for(params=GIVEN, run=Run())
    with pytest.raises(RunInputError, match="No dataset declares table orders of tenant acme"):
        declared(asked)
    known = asked_for(params={**GIVEN, "table": "order_lines"}, run=Run())
    assert declared(known).name == "order_lines"
