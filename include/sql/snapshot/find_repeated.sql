-- Finds the rows whose key other rows have too, and tells copies from conflicts.
-- Grain: one row of a key that stands more than once. Parameters: relation, repeated, key (columns),
-- columns (all but _sluice_line).
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
    select _sluice_line, {columns}
    from {relation}
    semi join repeated_keys using ({key})
),

distinct_rows as (
    select {columns}, min(_sluice_line) as _sluice_first_line
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
    candidates._sluice_line,
    candidates._sluice_line in (select _sluice_first_line from distinct_rows) as is_first,
    false as is_conflict
from candidates
anti join conflicting_keys using ({key})
union all
select candidates._sluice_line, false as is_first, true as is_conflict
from candidates
semi join conflicting_keys using ({key})
