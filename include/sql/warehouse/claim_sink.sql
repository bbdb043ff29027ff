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
