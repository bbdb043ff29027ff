"""The weather now in some cities, from OpenWeather, each hour."""

from typing import Any

from include.contracts import ApiCall, ApiDataset, ApiField, ApiKey, Column

# The ids of http://bulk.openweathermap.org/sample/city.list.json.gz.
CITIES = {
    "berlin": "2950159",
    "london": "2643743",
    "new-york": "5128581",
    "sao-paulo": "3448439",
    "tokyo": "1850147",
}


def _number(path: str, name: str, unit: str, **declared: Any) -> ApiField:
    column = Column(name=name, type="double precision", **declared)
    return ApiField(path=path, column=column, unit=unit)


# https://openweathermap.org/current: the answer is one record. Rain, snow and gusts are there when
# there are any.
DATASET = ApiDataset(
    name="weather_hourly",
    title="Weather, hourly",
    description="Temperature, wind, rain and clouds in some cities, once an hour.",
    owner="data-platform",
    tags=("weather", "api", "lake"),
    # Most hourly jobs of the world start at the full hour.
    schedule="7 * * * *",
    url="https://api.openweathermap.org/data/2.5/weather",
    key=ApiKey(connection="weather_api", parameter="appid"),
    params={"units": "metric"},
    calls=tuple(ApiCall(name=city, params={"id": number}) for city, number in CITIES.items()),
    # https://openweathermap.org/price: the free plan.
    calls_a_minute=60,
    fields=(
        ApiField(path="id", column=Column(name="city_id", type="bigint", nullable=False)),
        ApiField(path="name", column=Column(name="city", type="text", nullable=False)),
        ApiField(
            path="dt",
            column=Column(name="measured_at", type="timestamptz", nullable=False),
            epoch="s",
        ),
        _number("main.temp", "temperature", "°C", nullable=False, minimum=-100, maximum=70),
        _number("main.feels_like", "feels_like", "°C"),
        _number("main.pressure", "pressure", "hPa"),
        _number("main.humidity", "humidity", "%", minimum=0, maximum=100),
        _number("wind.speed", "wind_speed", "m/s", minimum=0),
        _number("wind.deg", "wind_direction", "degrees"),
        _number("wind.gust", "wind_gust", "m/s", required=False),
        _number("clouds.all", "clouds", "%"),
        _number("visibility", "visibility", "m", required=False),
        _number("rain.1h", "rain", "mm in an hour", required=False),
        _number("snow.1h", "snow", "mm in an hour", required=False),
        ApiField(
            path="weather.0.description", column=Column(name="sky", type="text", required=False)
        ),
    ),
    # The coordinates and the country of a city, codes, and what other units would change.
    ignored=("base", "cod", "coord", "main.*", "sys", "timezone", "weather.*"),
    row_key=("city_id",),
    event_time="measured_at",
)
