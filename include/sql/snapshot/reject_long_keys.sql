-- name: list
-- Rows whose key may be too long for an index, with the bytes of each text in it.
-- Grain: one row of the relation, in order of line. Identifiers: relation, line (of a row, or
-- null), bytes (of each text), total. Parameters: least.
select
    {line},
    [{bytes}]
from {relation} as keyed
where {total} > $least
order by 1


-- name: delete
-- Deletes the rows that begin at some lines.
-- Grain: one row of the file. Parameters: relation; bound: lines.
-- Safe to rerun: deletes nothing the second time.
delete from {relation}
where _sluice_line in (select unnest($lines::bigint[]))
