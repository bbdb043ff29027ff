"""Writes the data that ships with the project: invented, the same bytes each time.

    python -m infra.local.stand_ins.make_sample_data

The formats are those of the repositories nytimes/covid-19-data and datasets/covid-19. README.md of
the folder says what the versions show.
"""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "github"
FIRST_DAY = date(2020, 10, 6)
US = "nytimes/covid-19-data/us.csv"
STATES = "nytimes/covid-19-data/us-states.csv"
COMBINED = "datasets/covid-19/data/time-series-19-covid-combined.csv"

# Commit time of each version and the last day in it; the combined file lags behind.
US_VERSIONS = (
    ("2020-12-03T071500Z", date(2020, 12, 2)),
    ("2020-12-04T071500Z", date(2020, 12, 3)),
    ("2020-12-05T071500Z", date(2020, 12, 4)),
)
COMBINED_VERSIONS = (
    ("2020-12-02T061500Z", date(2020, 11, 30)),
    ("2020-12-04T061500Z", date(2020, 12, 2)),
    ("2020-12-05T061500Z", date(2020, 12, 3)),
)
NOT_A_NUMBER_DAY = date(2020, 11, 11)
ZERO_RECOVERED_SINCE = date(2020, 12, 2)
STATE_SIZES = (
    ("Alabama", "01", 160),
    ("Alaska", "02", 9),
    ("California", "06", 840),
    ("Colorado", "08", 75),
    ("Connecticut", "09", 60),
    ("New York", "36", 470),
    ("Texas", "48", 800),
    ("Wyoming", "56", 7),
)
# Country, province, latitude, longitude, thousands of cases on the first day.
PLACES = (
    ("Australia", "Tasmania", "-42.8821", "147.3272", 1),
    ("Australia", "Victoria", "-37.8136", "144.9631", 20),
    ("Canada", "Quebec", "52.9399", "-73.5491", 79),
    ("France", "", "46.2276", "2.2137", 634),
    ("France", "Martinique", "14.6415", "-61.0242", 2),
    ("Korea, South", "", "35.907757", "127.766922", 24),
    ("US", "", "40.0", "-100.0", 7400),
    ("US", "Guam", "13.4443", "144.7937", 3),
)


def sample_files() -> dict[str, str]:
    """Path below the folder of owners, and content, of every shipped version."""
    files = {}
    for number, (time, last) in enumerate(US_VERSIONS):
        files[f"{US}/{time}.csv"] = _us(number, last)
        files[f"{STATES}/{time}.csv"] = _states(number, last)
    for number, (time, last) in enumerate(COMBINED_VERSIONS):
        files[f"{COMBINED}/{time}.csv"] = _combined(number, last)
    return files


def _days(last: date) -> list[date]:
    return [FIRST_DAY + timedelta(days=n) for n in range((last - FIRST_DAY).days + 1)]


def _total(thousands: int, day: date) -> int:
    """A running total of cases: it grows a little faster each day, unevenly."""
    n = (day - FIRST_DAY).days
    return thousands * (1000 + 7 * n) + thousands * n * n // 20 + thousands * (n * 5 % 7) // 2


def _revised(thousands: int, day: date, *, number: int, last: date) -> int:
    """The running total as a version after the first corrects it: four to eight days back."""
    is_corrected = 4 <= (last - day).days <= 8  # noqa: PLR2004 - the days back named above
    return _total(thousands, day) + is_corrected * number * thousands // 10


def _us(number: int, last: date) -> str:
    rows = [["date", "cases", "deaths"]]
    for day in _days(last):
        cases = _revised(7400, day, number=number, last=last)
        broken = number > 0 and day == NOT_A_NUMBER_DAY
        rows.append([day.isoformat(), "n/a" if broken else str(cases), str(cases // 45)])
    return _text(rows).removesuffix("\n")


def _states(number: int, last: date) -> str:
    rows = [["date", "state", "fips", "cases", "deaths"]]
    for day in _days(last):
        for state, fips, thousands in STATE_SIZES:
            cases = _revised(thousands, day, number=number, last=last)
            rows.append([day.isoformat(), state, fips, str(cases), str(cases // 50)])
    return _text(rows).removesuffix("\n")


def _combined(number: int, last: date) -> str:
    """The oldest version has the columns Lat and Long, the newest no recovered at its end."""
    place_columns = ["Lat", "Long"] if number == 0 else []
    figures = ["Confirmed", "Recovered", "Deaths"]
    rows = [["Date", "Country/Region", "Province/State", *place_columns, *figures]]
    newest = number == len(COMBINED_VERSIONS) - 1
    for country, province, latitude, longitude, thousands in PLACES:
        for day in _days(last):
            cases = _revised(thousands, day, number=number, last=last)
            gone = newest and day >= ZERO_RECOVERED_SINCE
            recovered = 0 if gone else cases * 2 // 5
            where = [latitude, longitude] if number == 0 else []
            counted = [str(cases), str(recovered), str(cases // 45)]
            rows.append([day.isoformat(), country, province, *where, *counted])
    return _text(rows)


def _text(rows: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def main() -> None:
    for path, text in sample_files().items():
        target = FOLDER / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
        print(f"{target} ({target.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
