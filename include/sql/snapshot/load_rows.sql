-- name: create
-- Creates the typed table that one CSV file is loaded into.
-- Grain: one row of the file. Parameters: relation, columns (names with their types).
-- Safe to rerun: the table is made anew.
create or replace table {relation} ({columns})


-- name: insert
-- Loads rows that were checked already and written with a quoting of our own: empty text is always
-- quoted and null is a bare empty cell, so that null and the empty text stay different.
-- Grain: one kept row of the file. Parameters: relation, names (columns),
-- struct (columns with their types); bound: path, max_line_bytes.
-- Safe to rerun: runs once, right after the table is made.
insert into {relation}
select {names}
from
    read_csv(
        $path,
        columns = {struct},
        auto_detect = false,
        header = false,
        delim = ',',
        quote = '"',
        escape = '"',
        new_line = '\n',
        nullstr = '',
        allow_quoted_nulls = false,
        max_line_size = $max_line_bytes,
        strict_mode = true,
        parallel = false,
        compression = 'none'
    )


-- name: rename
-- Gives a column of a loaded table the name that its contract or its file has.
-- Identifiers: relation, place (the name by place), own (its name).
alter table {relation} rename column {place} to {own}


-- name: delete
-- Deletes the rows that begin at some lines.
-- Grain: one row of the file. Parameters: relation; bound: lines.
-- Safe to rerun: deletes nothing the second time.
delete from {relation}
where _sluice_line in (select unnest($lines::bigint[]))
