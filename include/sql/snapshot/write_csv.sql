-- A snapshot as Postgres reads it: null is the bare empty cell, every text is quoted.
-- Identifiers: columns, quoting (an option, where there are texts). Parameters: snapshot, path.
copy (
    select {columns}
    from read_parquet($snapshot)
) to $path (format csv, header false, nullstr ''{quoting})
