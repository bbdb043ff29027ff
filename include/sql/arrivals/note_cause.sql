-- A try of a run that holds an object version has failed, and another one comes: the row has the
-- cause meanwhile. Parameters: pipeline, bucket, key, version_id, dag_id, run_id, cause.
update ops.arrival
set
    cause = %(cause)s,
    changed_at = clock_timestamp()
where
    pipeline = %(pipeline)s
    and bucket = %(bucket)s
    and key = %(key)s
    and version_id = %(version_id)s
    and dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and state = 'claimed'
