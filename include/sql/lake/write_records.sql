-- The records in order of hour and key, so that the same records make the same file.
-- Grain: one record. Identifiers: columns, key, where (condition). Parameters: path, and what the
-- condition needs.
-- Safe to rerun: writes the same file.
copy (
    select {columns}
    from records
    where {where}
    order by {key}
) to $path (format parquet, compression zstd)
