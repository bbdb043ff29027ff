-- The holder goes on with an object version: its lease begins anew. What is done stays so.
-- Grain: one row with its state; none when the token has been passed on.
-- Parameters: pipeline, bucket, key, version_id, token, lease_seconds.
update ops.arrival
set
    state = case when state = 'failed' then 'claimed' else state end,
    claimed_until = case
        when state <> 'done' then clock_timestamp() + make_interval(secs => %(lease_seconds)s)
    end,
    changed_at = clock_timestamp()
where
    pipeline = %(pipeline)s
    and bucket = %(bucket)s
    and key = %(key)s
    and version_id = %(version_id)s
    and token = %(token)s
returning state
