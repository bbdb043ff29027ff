-- Settings of the session that marks progress: a mark that a crash of the server loses costs a
-- message sent twice, so that no commit has to wait for the disk; no mark waits long for a lock.
select
    set_config('synchronous_commit', 'off', false),
    set_config('lock_timeout', '60000', false),
    set_config('timezone', 'UTC', false)
