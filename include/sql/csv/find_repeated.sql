-- Finds the rows whose key other rows have too, and tells copies from conflicts.
-- Grain: one row of a key that stands more than once. Parameters: relation, repeated, key (columns),
-- columns (all but _line).
-- Safe to rerun: the table is made anew.
create or replace table {repeated} as
with
repeated_keys as (
    select {key}
    from {relation}
    group by {key}
    having count(*) > 1
),

candidates as (
    select _line, {columns}
    from {relation}
    semi join repeated_keys using ({key})
),

distinct_rows as (
    select {columns}, min(_line) as first_line
    from candidates
    group by {columns}
),

conflicting_keys as (
    select {key}
    from distinct_rows
    group by {key}
    having count(*) > 1
)

select
    candidates._line,
    candidates._line in (select first_line from distinct_rows) as is_first,
    false as is_conflict
from candidates
anti join conflicting_keys using ({key})
union all
select candidates._line, false as is_first, true as is_conflict
from candidates
semi join conflicting_keys using ({key})
