-- name: find
-- Finds the rows whose key other rows have too, and distinguishes copies from conflicts.
-- Grain: one row of a key that occurs more than once. Parameters: relation, repeated, key (columns),
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


-- name: delete
-- Deletes exact copies of an earlier row, and every row whose key has other values elsewhere.
-- Grain: one row of the file. Parameters: relation, repeated.
-- Safe to rerun: deletes nothing the second time.
delete from {relation}
where _sluice_line in (select _sluice_line from {repeated} where is_conflict or not is_first)


-- name: count_copies
-- Counts the exact copies of an earlier row.
-- Grain: one number. Parameters: repeated.
-- Safe to rerun: reads only.
select count(*) as copies
from {repeated}
where not is_conflict and not is_first


-- name: list_conflicts
-- Lists the lines of rows whose key has other values elsewhere.
-- Grain: one such row, in the file's order. Parameters: repeated.
-- Safe to rerun: reads only.
select _sluice_line
from {repeated}
where is_conflict
order by _sluice_line


-- name: drop
-- Drops the table of repeated rows. Parameters: repeated.
drop table {repeated}
