-- name: load
-- What is now the newest snapshot of a table. Parameters: sink, as_of, content_sha256, row_count.
update ops.sink
set
    as_of = %(as_of)s,
    content_sha256 = %(content_sha256)s,
    row_count = %(row_count)s
where sink = %(sink)s


-- name: writes
-- All that has been written to a table until now is known to this load. Parameters: sink.
update ops.sink
set writes_at_load = writes
where sink = %(sink)s
