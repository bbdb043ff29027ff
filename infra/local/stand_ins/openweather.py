"""OpenWeather's answers of the stand-in for APIs: https://openweathermap.org/current.

Made of the city and the hour of the stand-in's clock: the same each time. The messages of errors
are those of https://openweathermap.org/faq.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from infra.local.stand_ins.drawing import draw

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

HOST = "api.openweathermap.org"
PATH = "/data/2.5/weather"
KEY_PARAMETER = "appid"
_KELVIN = 273.15
_MILES_AN_HOUR = 2.236936  # in a metre a second
_ERRORS = {
    401: "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info.",
    404: "city not found",
    429: (
        "Your account is temporary blocked due to exceeding of requests limitation of your "
        "subscription type. Please choose the proper subscription https://openweathermap.org/price"
    ),
}
# Condition, group, description, icon: https://openweathermap.org/weather-conditions
_SKIES = (
    (800, "Clear", "clear sky", "01"),
    (802, "Clouds", "scattered clouds", "03"),
    (804, "Clouds", "overcast clouds", "04"),
    (500, "Rain", "light rain", "10"),
)
_SNOW = (600, "Snow", "light snow", "13")
_FREEZING = 0.5  # °C, below which it snows instead of raining
_NOON, _WARMEST_HOUR, _WARMEST_DAY = 12, 15, 200


@dataclass(frozen=True)
class City:
    """A city that the stand-in knows.

    Attributes:
        name, country: as OpenWeather has them.
        latitude, longitude: degrees.
        shift: hours ahead of UTC in winter, all year round.
        mean: °C over a year.
    """

    name: str
    country: str
    latitude: float
    longitude: float
    shift: int
    mean: float


# By the ids of http://bulk.openweathermap.org/sample/city.list.json.gz.
CITIES = {
    "2950159": City("Berlin", "DE", 52.5244, 13.4105, 1, 10),
    "2643743": City("London", "GB", 51.5085, -0.1257, 0, 11),
    "5128581": City("New York", "US", 40.7143, -74.006, -5, 13),
    "3448439": City("São Paulo", "BR", -23.5475, -46.6361, -3, 20),
    "1850147": City("Tokyo", "JP", 35.6895, 139.6917, 9, 16),
    "2988507": City("Paris", "FR", 48.8534, 2.3488, 1, 12),
    "360630": City("Cairo", "EG", 30.0626, 31.2497, 2, 22),
    "2147714": City("Sydney", "AU", -33.8679, 151.2073, 10, 18),
}


class OpenWeather:
    """The current weather of one city, by id."""

    host = HOST
    field = "main.temp"

    def key(self, query: Mapping[str, str], headers: Mapping[str, str]) -> str | None:  # noqa: ARG002 - of the query alone
        """The key that a request gives."""
        return query.get(KEY_PARAMETER)

    def public(self, query: Mapping[str, str]) -> dict[str, str]:
        """A request's parameters without the key."""
        return {name: value for name, value in query.items() if name != KEY_PARAMETER}

    def error(self, status: int) -> dict[str, Any]:
        """The body of an answer that is an error."""
        # The real API has text in some errors, and a number in others.
        cod: int | str = str(status) if status == 404 else status  # noqa: PLR2004 - HTTP Not Found
        return {"cod": cod, "message": _ERRORS.get(status, "Internal error")}

    def answer(
        self,
        path: str,
        query: Mapping[str, str],
        now: datetime,
        records: int | None,  # noqa: ARG002 - one city is one record
    ) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to a request with the right key."""
        city = CITIES.get(query.get("id", ""))
        if path != PATH or city is None:
            return 404, self.error(404)
        return 200, _weather(city, query["id"], now, query.get("units", "standard"))

    def records_of(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """The records of an answer."""
        return [body]


def _weather(city: City, number: str, now: datetime, units: str) -> dict[str, Any]:
    hour = now.strftime("%Y-%m-%dT%H")
    local = now + timedelta(hours=city.shift)
    celsius = _celsius(city, local) + 4 * draw(number, hour, "warmth") - 2
    clouds = int(101 * draw(number, hour, "clouds"))
    sky = _SKIES[min(clouds // 26, 3)]
    snows = sky[1] == "Rain" and celsius < _FREEZING
    code, group, description, icon = _SNOW if snows else sky
    light = 6 <= local.hour < 18  # noqa: PLR2004 - the hours of light
    wind = _wind(number, hour, units)
    fallen = {} if sky[1] != "Rain" else {"1h": plain(0.1 + 3 * draw(number, hour, "rain"))}
    midnight = now.replace(hour=0, minute=0, second=0) - timedelta(hours=city.shift)
    return {
        "coord": {"lon": city.longitude, "lat": city.latitude},
        "weather": [
            {
                "id": code,
                "main": group,
                "description": description,
                "icon": f"{icon}{'d' if light else 'n'}",
            }
        ],
        "base": "stations",
        "main": _main(number, hour, celsius, units),
        "visibility": 10000 if group != "Snow" else 4000,
        "wind": wind,
        **({("snow" if snows else "rain"): fallen} if fallen else {}),
        "clouds": {"all": clouds},
        "dt": int((now - timedelta(minutes=2 + int(8 * draw(number, hour, "age")))).timestamp()),
        "sys": {
            "type": 2,
            "id": 2000000 + int(50000 * draw(number)),
            "country": city.country,
            "sunrise": int((midnight + timedelta(hours=6)).timestamp()),
            "sunset": int((midnight + timedelta(hours=18)).timestamp()),
        },
        "timezone": city.shift * 3600,
        "id": int(number),
        "name": city.name,
        "cod": 200,
    }


def _celsius(city: City, local: datetime) -> float:
    """The usual temperature of a day of the year and an hour of the day."""
    day = local.timetuple().tm_yday - _WARMEST_DAY
    season = math.cos(2 * math.pi * day / 365) * city.latitude / 5
    return city.mean + season + 3 * math.cos(2 * math.pi * (local.hour - _WARMEST_HOUR) / 24)


def _main(number: str, hour: str, celsius: float, units: str) -> dict[str, float]:
    def shown(value: float) -> float:
        if units == "imperial":
            return plain(value * 9 / 5 + 32)
        return plain(value if units == "metric" else value + _KELVIN)

    pressure = 990 + int(45 * draw(number, hour, "pressure"))
    return {
        "temp": shown(celsius),
        "feels_like": shown(celsius - 3 * draw(number, hour, "chill")),
        "temp_min": shown(celsius - 1.2),
        "temp_max": shown(celsius + 1.1),
        "pressure": pressure,
        "humidity": 30 + int(70 * draw(number, hour, "humidity")),
        "sea_level": pressure,
        "grnd_level": pressure - 5,
    }


def _wind(number: str, hour: str, units: str) -> dict[str, float]:
    factor = _MILES_AN_HOUR if units == "imperial" else 1
    speed = 12 * draw(number, hour, "wind")
    gusts = {"gust": plain(speed * 1.6 * factor)} if speed > 6 else {}  # noqa: PLR2004 - m/s
    return {
        "speed": plain(speed * factor),
        "deg": int(360 * draw(number, hour, "direction")),
        **gusts,
    }


def plain(value: float) -> float:
    """Two digits after the point, and no point in a whole number, as the real API writes them."""
    rounded = round(value, 2)
    return int(rounded) if rounded.is_integer() else rounded
