-- name: clean
-- What a dataset's cleaning makes of its sources, in the types of the table.
-- Grain: the dataset's. Identifiers: columns (each cast to its type), cleaning (a statement).
create or replace table cleaned as
select {columns}
from ({cleaning}) as merged


-- name: write
-- The cleaned rows in order of key, so that the same rows make the same file.
-- Identifiers: columns, key. Parameters: path.
copy (
    select {columns}
    from cleaned
    order by {key}
) to $path (format parquet, compression zstd)
