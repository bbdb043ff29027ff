-- name: claim
-- Names this session as a writer of a table, and ends one that has been at it for longer than the
-- lease: stopped in the middle of COPY it would hold the lock for ever, since no time limit of
-- Postgres acts while the server waits for data. What it had done is rolled back.
-- Parameters: writer (the session's name, 63 bytes), lease_seconds.
select
    set_config('application_name', %(writer)s, true),
    (
        select count(pg_terminate_backend(pid))
        from pg_stat_activity
        where
            application_name = %(writer)s
            and datname = current_database()
            and usename = current_user
            and pid <> pg_backend_pid()
            and xact_start < now() - make_interval(secs => %(lease_seconds)s)
    )


-- name: register
-- Makes sure that a table has its row to lock. Parameters: sink.
insert into ops.sink (sink)
values (%(sink)s)
on conflict (sink) do nothing


-- name: lock
-- Takes the lock on a table; returns what is known of it. Parameters: sink.
select
    writes,
    writes_at_load,
    as_of,
    content_sha256,
    row_count
from ops.sink
where sink = %(sink)s
for update
