-- The cleaned rows in order of key, so that the same rows make the same file.
-- Identifiers: columns, key. Parameters: path.
copy (
    select {columns}
    from cleaned
    order by {key}
) to $path (format parquet, compression zstd)
