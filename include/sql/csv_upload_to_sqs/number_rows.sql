-- name: make
-- Each row of a loaded file as JSON, beside the lines of the rejected ones, which have none. A row's
-- place in this table is that among the rows of its file.
-- Grain: one row that the contract wants, in the file's order. Identifiers: body (an expression),
-- relation. Parameters: rejected (lines).
-- Safe to rerun: the table is made anew.
create or replace table numbered as
select
    line,
    body
from (
    select
        _sluice_line as line,
        {body} as body
    from {relation}
    union all
    select
        unnest($rejected::bigint []) as line,
        null as body
) as every_row
order by line


-- name: drop_loaded
-- Makes room: the file's rows are in numbered. Identifiers: relation.
drop table {relation}


-- name: find_large
-- Lines of the rows whose number and JSON have more bytes than a limit.
-- Grain: one such row, in the file's order. Parameters: most_bytes.
select line
from numbered
where strlen(body) + strlen(cast(rowid + 1 as varchar)) > $most_bytes
order by line


-- name: leave_out
-- Takes the JSON of rows away, which keep their numbers. Parameters: lines.
-- Safe to rerun: what is gone is gone.
update numbered
set body = null
where line in (select unnest($lines::bigint []))


-- name: count
-- How many rows the file has, and of how many of some lines a row begins there.
-- Grain: one row. Parameters: lines.
select
    count(*),
    count(*) filter (where line in (select unnest($lines::bigint [])))
from numbered


-- name: leave_only
-- Takes the JSON of all other rows away, which keep their numbers. Parameters: lines.
-- Safe to rerun: what is gone is gone.
update numbered
set body = null
where line not in (select unnest($lines::bigint []))


-- name: count_left
-- How many rows have JSON. Grain: one row.
select count(*)
from numbered
where body is not null


-- name: list_spans
-- Cuts the rows into parts of a size.
-- Grain: one part: its first and last number, and how many rows it has. Parameters: size.
select
    min(number),
    max(number),
    count(*)
from (
    select
        rowid + 1 as number,
        (row_number() over (order by rowid) - 1) // $size as part
    from numbered
    where body is not null
) as rows_by_part
group by part
order by part


-- name: read
-- The rows that have JSON.
-- Grain: one row, in order of number.
select
    rowid + 1 as number,
    body
from numbered
where body is not null
order by rowid


-- name: write
-- The rows between two numbers as a file. Parameters: first, last, path.
copy (
    select
        rowid + 1 as number,
        body
    from numbered
    where
        body is not null
        and rowid between $first - 1 and $last - 1
    order by rowid
) to $path (format parquet, compression zstd)


-- name: read_file
-- The rows of such a file.
-- Grain: one row, in order of number. Parameters: path.
select
    number,
    body
from read_parquet($path)
order by number
