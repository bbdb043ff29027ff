"""Payments of a Square seller, each hour those of the hour before it."""

from include.contracts import ApiCall, ApiDataset, ApiField, ApiKey, Column, Cursor, History

# https://developer.squareup.com/reference/square/payments-api/list-payments: pages by a cursor, and
# any hour of the past. It runs by hand until it is given a schedule, which a backfill needs too.
DATASET = ApiDataset(
    name="payments_hourly",
    title="Payments, hourly",
    description="Payments that a Square seller took, an hour at a time.",
    owner="data-platform",
    tags=("payments", "api", "lake"),
    schedule=None,
    url="https://connect.squareup.com/v2/payments",
    key=ApiKey(connection="payments_api", header="Authorization", prefix="Bearer "),
    params={"sort_order": "ASC", "limit": "100"},
    calls=(ApiCall(name="payments", params={}),),
    pagination=Cursor(parameter="cursor", path="cursor"),
    records="payments",
    absent_is_empty=True,
    fields=(
        ApiField(path="id", column=Column(name="payment_id", type="text", nullable=False)),
        ApiField(
            path="created_at", column=Column(name="created_at", type="timestamptz", nullable=False)
        ),
        ApiField(path="status", column=Column(name="status", type="text", nullable=False)),
        ApiField(
            path="amount_money.amount",
            column=Column(name="amount", type="bigint", nullable=False),
            unit="smallest unit of the currency",
        ),
        ApiField(
            path="amount_money.currency",
            column=Column(name="currency", type="text", nullable=False, pattern="[A-Z]{3}"),
        ),
        ApiField(
            path="location_id", column=Column(name="location_id", type="text", required=False)
        ),
    ),
    row_key=("payment_id",),
    event_time="created_at",
    partition="hour",
    history=History(params={"begin_time": "{start}", "end_time": "{end}"}),
)
