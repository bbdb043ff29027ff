-- A snapshot as Postgres reads it: null is the bare empty cell, every text is quoted.
-- The path may be a pipe's: no temporary file is renamed to it.
-- Identifiers: columns, quoting (an option, where there are texts). Parameters: snapshot, path.
copy (
    select {columns}
    from read_parquet($snapshot)
) to $path (format csv, header false, nullstr '', use_tmp_file false{quoting})
