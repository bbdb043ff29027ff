-- name: of_rows
-- What a chart of a table shows whose key has a date, as lists: Postgres makes them ten times as fast
-- as Python. Where there are too many rows, older dates are left out whole.
-- Grain: one row a group. {date}: a column; {group}: a text; {label}: a column, or null; {measures}:
-- numbers, each with a name m1, m2, … and a comma before it; {lists}: json_agg of each, in order of
-- at; {table}; {deleted}: a column, or null. Parameters: most.
with
newest as (
    select
        {date} as at,
        {group} as series,
        {label} as label
        {measures}
    from {table}
    where
        {date} between '0001-01-02' and '9999-12-30'
        and {deleted} is null
    order by {date} desc
    limit %(most)s + 1
),

bounds as (
    select
        case when count(*) > %(most)s then min(at) end as left_out,
        max(at) as newest
    from newest
)

select
    newest.series,
    min(newest.label) as first_label,
    max(newest.label) as last_label,
    count(*) as values_a_measure,
    min(bounds.left_out) is not null as is_cut,
    json_agg(newest.at order by newest.at) as dates
    {lists}
from newest
inner join bounds
    on
        bounds.left_out is null
        or newest.at > bounds.left_out
        or newest.at = bounds.newest
group by newest.series
order by newest.series


-- name: of_days
-- The same of a table of which a day may have many rows: how many, and sums and means.
-- Grain: one row a day, the newest first.
select
    {date}::date as date,
    '' as series,
    null as label,
    count(*)
    {measures}
from {table}
where
    {date} between '0001-01-02' and '9999-12-30'
    and {deleted} is null
group by {date}::date
order by {date}::date desc
limit %(most)s + 1
