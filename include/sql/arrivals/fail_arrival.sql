-- An object version could not be processed by the run that holds it; where the failure is not final
-- any run may try again.
-- A rerun with the same outcome changes nothing.
-- Parameters: pipeline, bucket, key, version_id, dag_id, run_id, cause, final.
update ops.arrival
set
    state = 'failed',
    cause = %(cause)s,
    final = %(final)s,
    claimed_until = null,
    changed_at = clock_timestamp()
where
    pipeline = %(pipeline)s
    and bucket = %(bucket)s
    and key = %(key)s
    and version_id = %(version_id)s
    and dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and state <> 'done'
    and (state, cause, final) is distinct from ('failed', %(cause)s, %(final)s)
