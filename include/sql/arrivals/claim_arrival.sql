-- A run takes an object version to process, unless it is done or another run holds it. The same
-- run may take it again; so may any run once the lease is over, or on purpose (again). After a
-- failure any run may, but where the failure is final only one that a person has started. The cause
-- of the last failure stays.
-- Grain: one row a pipeline and object version; comes back when it was claimed.
insert into ops.arrival (
    pipeline, bucket, key, version_id, etag, size, sequencer, stored_at, file_order,
    found_by, state, dag_id, run_id, claimed_until
)
values (
    %(pipeline)s, %(bucket)s, %(key)s, %(version_id)s, %(etag)s, %(size)s, %(sequencer)s,
    %(stored_at)s, %(file_order)s,
    %(found_by)s, 'claimed', %(dag_id)s, %(run_id)s,
    clock_timestamp() + make_interval(secs => %(lease_seconds)s)
)
on conflict (pipeline, bucket, key, version_id) do update
set
    state = 'claimed',
    dag_id = excluded.dag_id,
    run_id = excluded.run_id,
    token = arrival.token + 1,
    claimed_until = excluded.claimed_until,
    attempts = arrival.attempts
    + ((arrival.dag_id, arrival.run_id) <> (excluded.dag_id, excluded.run_id))::integer,
    sequencer = coalesce(arrival.sequencer, excluded.sequencer),
    counts = null,
    final = false,
    changed_at = clock_timestamp()
where
    (
        arrival.state = 'failed'
        and (
            not arrival.final
            or excluded.found_by = 'hand'
            or (arrival.dag_id, arrival.run_id) = (excluded.dag_id, excluded.run_id)
        )
    )
    or (
        arrival.state = 'claimed'
        and (
            arrival.claimed_until < clock_timestamp()
            or (arrival.dag_id, arrival.run_id) = (excluded.dag_id, excluded.run_id)
        )
    )
    or (
        arrival.state = 'done'
        and %(again)s
        and (arrival.dag_id, arrival.run_id) <> (excluded.dag_id, excluded.run_id)
    )
returning token, file_order
