-- How often a running total falls below its highest earlier value by more than the tolerance, in
-- the last days of the snapshot, and when it does so. Rows without a value are passed over.
-- Identifiers: column, order_by, partition. Parameters: tolerance, last_days.
with totals as (
    select
        cleaned.{order_by} as day,
        cleaned.{column} as total,
        max(cleaned.{column}) over (
            {partition} order by cleaned.{order_by}
            rows between unbounded preceding and 1 preceding
        ) as highest_before,
        max(cleaned.{order_by}) over () as newest_day
    from cleaned
    where cleaned.{column} is not null
)

select
    count(*),
    min(day),
    max(day)
from totals
where
    total < highest_before * (1 - $tolerance)
    and date_diff('day', day, newest_day) < $last_days
