-- name: make
-- Each row of a loaded file as texts, in order of its key: a row's place in this table is its rank.
-- Grain: one row a key. Identifiers: texts (expressions), relation, key.
-- Safe to rerun: the table is made anew.
create or replace table ordered as
select
    _sluice_line as line,
    {texts}
from {relation}
order by {key}


-- name: drop_loaded
-- Makes room: the file's rows are in ordered. Identifiers: relation.
drop table {relation}


-- name: list_ranges
-- Cuts the rows into ranges of a size.
-- Grain: one range: how many rows, first and last key. Identifiers: key. Parameters: size.
select
    count(*),
    arg_min({key}, rowid),
    arg_max({key}, rowid)
from ordered
group by rowid // $size
order by rowid // $size


-- name: read
-- All rows, in order of their key.
select *
from ordered
order by rowid


-- name: write
-- The rows from one rank to another as a file. Parameters: first, last, path.
copy (
    select *
    from ordered
    where rowid between $first and $last
    order by rowid
) to $path (format parquet, compression zstd)


-- name: read_file
-- The rows of such a file, in order of their key. Parameters: path.
select *
from read_parquet($path)
