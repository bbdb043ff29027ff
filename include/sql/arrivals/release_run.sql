-- A run ended and left files claimed: any run may try them again.
-- Parameters: dag_id, run_id, cause.
update ops.arrival
set
    state = 'failed',
    cause = %(cause)s,
    claimed_until = null,
    changed_at = clock_timestamp()
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and state = 'claimed'
