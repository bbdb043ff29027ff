-- name: add_file
-- Adds the rows of a further file to those of the export, under lines of its own.
-- Grain: one row of the file. Identifiers: export, file, columns. Parameters: before (what is added
-- to a line).
-- Safe to rerun: runs once, right after the file is loaded.
insert into {export}
select
    _sluice_line + $before,
    {columns}
from {file}


-- name: drop_file
-- Makes room: the file's rows are in the export. Identifiers: file.
drop table {file}


-- name: write
-- Writes rows and their digests as Parquet, under the name of the digest.
-- Grain: one row of the export. Identifiers: columns (each cast to its type), names, text (of a row),
-- beside (two numbers of its SHA-256, and the microseconds of moments), relation (a from clause),
-- digest_name.
-- Parameters: path.
-- Safe to rerun: the file is made anew.
copy (
    select
        {names},
        {beside}
    from (
        select
            {names},
            sha256({text}) as _sluice_sha256
        from (select {columns} {relation}) as typed
    ) as digested
) to $path (format parquet, compression zstd, kv_metadata {{digest: {digest_name}}})


-- name: read_name
-- The name of a snapshot's digest.
-- Grain: one row, or none. Parameters: path.
-- Safe to rerun: reads only.
select decode(value)
from parquet_kv_metadata($path)
where decode(key) = 'digest'


-- name: sum_digests
-- The checksum of a snapshot's rows as text.
-- Grain: one row. Parameters: path.
-- Safe to rerun: reads only.
select cast(coalesce(sum(_sluice_digest), 0) as varchar)
from read_parquet($path)


-- name: list_columns
-- The columns that a snapshot has.
-- Grain: one column. Parameters: path.
-- Safe to rerun: reads only.
select column_name
from (describe select * from read_parquet($path))


-- name: with_base
-- A from clause: the rows of a snapshot, and those of its base whose keys it lacks.
-- Grain: one row a key. Identifiers: columns, newest, base (paths), same_key (a condition).
from (
    select {columns}
    from read_parquet({newest})
    union all
    select {columns}
    from read_parquet({base}) as base
    where not exists (select 1 from read_parquet({newest}) as newest where {same_key})
) as with_base


-- name: count_lost_keys
-- Keys of a rewritten snapshot that are null, or that several rows have.
-- Grain: one row. Identifiers: key, is_null (a condition). Parameters: path.
select count(*)
from (
    select {key}
    from read_parquet($path)
    group by {key}
    having count(*) > 1 or {is_null}
) as lost
