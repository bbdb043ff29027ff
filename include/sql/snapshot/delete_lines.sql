-- Deletes the rows that begin at some lines.
-- Grain: one row of the file. Parameters: relation; bound: lines.
-- Safe to rerun: deletes nothing the second time.
delete from {relation}
where _sluice_line in (select unnest($lines::bigint[]))
