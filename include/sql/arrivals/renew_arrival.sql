-- The holder goes on with an object version: its lease begins anew, and what the sink has
-- acknowledged is noted where it is given. What is done stays so.
-- No row when the token has been passed on.
-- Parameters: pipeline, bucket, key, version_id, token, progress, lease_seconds.
update ops.arrival
set
    state = case when state = 'failed' then 'claimed' else state end,
    progress = case when state <> 'done' then coalesce(%(progress)s::jsonb, progress) end,
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
