"""Names of sessions that write to a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.warehouse.sink_lock import writer_name

# Names that differ late, and names with characters that Postgres would replace.
SINKS = st.builds(
    "{}.{}".format,
    st.sampled_from(["covid", "s" * 60, "é"]),
    st.text(st.sampled_from("abé_ 東%."), min_size=1, max_size=70),
)


@given(one=SINKS, other=SINKS)
def test_two_tables_have_two_names_that_postgres_takes_as_they_are(one: str, other: str) -> None:
    for sink in (one, other):
        name = writer_name(sink)
        assert name.startswith("sluice ")
        assert len(name) <= 63
        assert all(" " <= char <= "~" for char in name)
    assert (writer_name(one) == writer_name(other)) == (one == other)


@pytest.mark.parametrize(
    ("sink", "name"),
    [("covid.us_daily", "sluice covid.us_daily"), ("s." + "t" * 54, "sluice s." + "t" * 54)],
)
def test_name_that_fits_says_which_table_it_is(sink: str, name: str) -> None:
    assert writer_name(sink) == name


def test_long_name_begins_with_what_fits_of_the_table() -> None:
    assert writer_name("covid." + "long_" * 20).startswith("sluice covid_long_long_")
