-- How often a running total falls below its highest earlier value by more than the tolerance,
-- and where it does so first. Rows without a value are passed over.
-- Identifiers: column, order_by, partition. Parameters: tolerance.
with totals as (
    select
        {order_by} as moment,
        {column} as total,
        max({column}) over (
            {partition} order by {order_by} rows between unbounded preceding and 1 preceding
        ) as highest_before
    from cleaned
    where {column} is not null
)

select
    count(*),
    min(moment),
    max(moment)
from totals
where total < highest_before * (1 - $tolerance)
