-- name: create
-- Creates the table that the records of some hours go into.
-- Grain: one record. Identifiers: columns (names with their types).
-- Safe to rerun: the table is made anew.
create or replace table _sluice_records (
    _sluice_line bigint,
    as_of timestamp_ms,
    _sluice_shape ubigint,
    _sluice_is_good boolean,
    {columns}
)


-- name: insert
-- Loads the records of some answers. _sluice_line is the answer's number times 2^32 plus the
-- record's place in it; _sluice_shape is alike for records whose objects have the same names.
-- Grain: one record. Identifiers: records (the statement read_answers.list), paths (of the fields),
-- objects (paths of the objects that have them), cells (each found value by its place, null where it is JSON's null), values
-- (each cell's, null where it is none), good (condition), columns (of values).
-- Parameters: what read_answers.list needs, moments (as_of of each answer), and what values and good
-- bind.
-- Safe to rerun: runs once, right after the table is made.
insert into _sluice_records
with
records as ({records}),

extracted as (
    select
        place,
        number,
        line,
        record,
        json_extract(record, {paths}) as found,
        hash(json_keys(record, {objects})) as shape
    from records
),

cells as (
    select
        place,
        number,
        line,
        record,
        shape,
        {cells}
    from extracted
),

typed as (
    select
        *,
        {values}
    from cells
)

select
    cast(number as bigint) << 32 | line,
    $moments[place],
    shape,
    {good},
    {columns}
from typed


-- name: count_read
-- Counts the records of each hour, and in how many each column has a value.
-- Grain: one hour. Identifiers: counts (of columns).
-- Safe to rerun: reads only.
select
    as_of,
    count(*),
    [{counts}]
from _sluice_records
group by as_of


-- name: count_rows
-- Counts the records of each hour that are there still.
-- Grain: one hour.
-- Safe to rerun: reads only.
select
    as_of,
    count(*)
from _sluice_records
group by as_of


-- name: show
-- The loaded records under the name that others read them by.
-- Grain: one record. Identifiers: columns.
-- Safe to rerun: the view is made anew.
create or replace view records as
select
    {columns},
    as_of
from _sluice_records


-- name: count_found
-- Counts the records of some answers that are objects, and in how many of them each path is there.
-- Grain: one row. Identifiers: records (the statement read_answers.list), paths, counts (of each).
-- Parameters: what read_answers.list needs.
-- Safe to rerun: reads only.
with
records as ({records}),

extracted as (
    select json_extract(record, {paths}) as found
    from records
    where starts_with(cast(record as varchar), '{{')
)

select
    count(*),
    [{counts}]
from extracted


-- name: list_answers
-- Lists the numbers of answers that have records.
-- Grain: one answer.
-- Safe to rerun: reads only.
select distinct _sluice_line >> 32 as number
from _sluice_records
