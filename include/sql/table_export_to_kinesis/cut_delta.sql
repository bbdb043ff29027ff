-- name: keep_found
-- Keeps the rows that differ, so that both sides of these alone are fetched.
-- Grain: one row that was inserted, updated or deleted. Identifiers: find (a statement).
-- Safe to rerun: the table is made anew.
create or replace table changed as
{find}


-- name: order
-- All operations in parts by a hash of the key, in each in order of key: a row's place in this
-- table is the operation's number.
-- Grain: one operation. Identifiers: delta (a statement), hash (a number of the key), keys.
-- Parameters: parts.
-- Safe to rerun: the table is made anew.
create or replace table ordered as
select
    *,
    {hash} % $parts as _sluice_part
from ({delta}) as delta
order by
    _sluice_part,
    {keys}


-- name: count
-- Counts the operations. Grain: one kind of operation.
select
    _sluice_operation,
    count(*)
from ordered
group by _sluice_operation


-- name: count_rows
-- How many rows a relation has. Grain: one row. Identifiers: relation.
select count(*)
from {relation}


-- name: list_gone
-- The keys of the first rows that would be deleted, as JSON.
-- Grain: one row, in order of key. Identifiers: key (JSON), keys. Parameters: most.
select {key}
from ordered
where _sluice_operation = 'DELETE'
order by {keys}
limit $most


-- name: list_parts
-- The parts that are not empty.
-- Grain: one part: the numbers of its first and last operation.
select
    min(rowid) + 1,
    max(rowid) + 1
from ordered
group by _sluice_part
order by _sluice_part


-- name: write_part
-- Writes the operations between two numbers. Identifiers: columns. Parameters: first, last, path.
-- Safe to rerun: the file is made anew.
copy (
    select
        rowid + 1 as _sluice_sequence,
        {columns}
    from ordered
    where rowid between $first - 1 and $last - 1
    order by rowid
) to $path (format parquet, compression zstd)
