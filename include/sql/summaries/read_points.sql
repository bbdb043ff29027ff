-- name: of_rows
-- What a chart of a table shows whose key has a date.
-- Grain: one row a date and group, the newest first. {date}: a column; {group}: a text; {label}: a
-- column, or null; {measures}: numbers, each after a comma; {table}; {deleted}: a column, or null.
-- Parameters: most.
select
    {date} as date,
    {group} as series,
    {label} as label
    {measures}
from {table}
where
    {date} between '0001-01-02' and '9999-12-30'
    and {deleted} is null
order by {date} desc
limit %(most)s


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
limit %(most)s
