-- name: find
-- Finds the records that are not taken, whatever their key is.
-- Grain: one such record. is_conflict: for its key; repeats: an object has a name twice.
-- Safe to rerun: the table is made anew.
create or replace table _sluice_rejected as
select
    _sluice_line,
    _sluice_shape in (select shape from _sluice_shapes where repeats) as repeats,
    false as is_conflict
from _sluice_records
where
    not _sluice_is_good
    or _sluice_shape in (select shape from _sluice_shapes where repeats)


-- name: delete
-- Deletes the records that are not taken.
-- Grain: one record.
-- Safe to rerun: deletes nothing the second time.
delete from _sluice_records
where _sluice_line in (select _sluice_line from _sluice_rejected)


-- name: add_conflicts
-- Adds the records whose key has other values elsewhere in the hour.
-- Grain: one such record. Parameters: lines.
-- Safe to rerun: runs once, right after the others are found.
insert into _sluice_rejected
select
    unnest(cast($lines as bigint [])),
    false,
    true


-- name: list_answers
-- Lists the numbers of answers that have a record which is not taken.
-- Grain: one answer.
-- Safe to rerun: reads only.
select distinct _sluice_line >> 32 as number
from _sluice_rejected
order by number


-- name: list
-- Reads of some answers the records that are not taken again, with the number of what is wrong.
-- Grain: one such record, in order. Identifiers: records (the statement read_answers.list), paths
-- (of the fields), cells (each found value by its place, null where it is JSON's null), values (each cell's, null where it is
-- none), fault (expression). Parameters: what read_answers.list needs, and what values and fault
-- bind.
-- Safe to rerun: reads only.
with
records as ({records}),

rejected as (
    select
        records.number,
        records.line,
        records.record,
        _sluice_rejected.repeats,
        _sluice_rejected.is_conflict,
        json_extract(records.record, {paths}) as found
    from records
    inner join _sluice_rejected
        on _sluice_rejected._sluice_line = (cast(records.number as bigint) << 32 | records.line)
),

cells as (
    select
        *,
        {cells}
    from rejected
),

typed as (
    select
        *,
        {values}
    from cells
)

select
    number,
    line,
    {fault},
    cast(record as varchar)
from typed
order by number, line
