-- Object versions that no run has taken on, or whose holder let its lease end. One that a sweep
-- has found has no message that comes back after a failure: the next sweeps try it again, unless the
-- failure is final.
-- Parameters: pipeline, bucket, keys, version_ids (arrays of the same length), tries.
select
    listed.key,
    listed.version_id
from unnest(%(keys)s::text [], %(version_ids)s::text []) as listed (key, version_id)
left join ops.arrival on
    arrival.pipeline = %(pipeline)s
    and arrival.bucket = %(bucket)s
    and arrival.key = listed.key
    and arrival.version_id = listed.version_id
where
    arrival.state is null
    or (arrival.state = 'claimed' and arrival.claimed_until < clock_timestamp())
    or (
        arrival.state = 'failed'
        and arrival.found_by = 'sweep'
        and not arrival.final
        and arrival.attempts < %(tries)s
    )
order by listed.key, listed.version_id
