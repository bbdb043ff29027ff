-- name: unload
-- Has Athena write what differs between two snapshots as Parquet, nothing where nothing does.
-- https://docs.aws.amazon.com/athena/latest/ug/unload.html
-- Grain: one row that was inserted, updated or deleted. Identifiers: delta (compute_delta.fetch),
-- to (a prefix of its own, under which nothing is).
-- Safe to rerun: not under the same prefix.
unload (
{delta}
) to {to}
with (format = 'PARQUET', compression = 'ZSTD')


-- name: read
-- Reads what Athena wrote, in the types of the declaration.
-- Grain: one row that was inserted, updated or deleted. Identifiers: columns, paths.
-- Safe to rerun: reads only.
select
    _sluice_operation,
    {columns}
from read_parquet([{paths}])


-- name: count
-- How many rows Athena wrote. Grain: one row. Identifiers: paths.
select count(*)
from read_parquet([{paths}])
