-- name: create
-- Creates the table of shapes: records of one shape have the same names in their objects.
-- Grain: one shape.
-- Safe to rerun: the table is made anew.
create or replace table _sluice_shapes (
    shape ubigint,
    unknown varchar [],
    repeats boolean
)


-- name: find_examples
-- Finds the first record of each shape.
-- Grain: one shape.
-- Safe to rerun: the table is made anew.
create or replace table _sluice_examples as
select
    _sluice_shape as shape,
    min(_sluice_line) as example
from _sluice_records
group by _sluice_shape


-- name: list_answers
-- Lists the numbers of answers that have a first record of a shape.
-- Grain: one answer.
-- Safe to rerun: reads only.
select distinct example >> 32 as number
from _sluice_examples
order by number


-- name: insert
-- Reads of some answers the records that are the first of their shape: which names no field
-- declares, and whether an object has a name twice.
-- Grain: one shape. Identifiers: records (the statement read_answers.list), objects (paths of the
-- objects that hold fields), unknown (paths that no field declares), repeats (condition).
-- Parameters: what read_answers.list needs.
-- Safe to rerun: runs once for each answer, right after the table is made.
insert into _sluice_shapes
with
records as ({records}),

examples as (
    select
        _sluice_examples.shape,
        json_keys(records.record, {objects}) as names
    from records
    inner join _sluice_examples
        on _sluice_examples.example = (cast(records.number as bigint) << 32 | records.line)
)

select
    shape,
    {unknown},
    {repeats}
from examples


-- name: list_unknown
-- Lists what records of each hour have that no field declares.
-- Grain: one path of an hour, in order.
-- Safe to rerun: reads only.
with
hours as (
    select distinct
        as_of,
        _sluice_shape as shape
    from _sluice_records
)

select distinct
    hours.as_of,
    unnest(_sluice_shapes.unknown) as path
from hours
inner join _sluice_shapes using (shape)
order by all
