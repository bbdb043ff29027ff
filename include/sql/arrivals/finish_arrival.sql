-- An object version is done, if the run still holds it. A rerun finds it done and leaves it so.
-- Parameters: pipeline, bucket, key, version_id, dag_id, run_id, counts.
update ops.arrival
set
    state = 'done',
    counts = %(counts)s,
    progress = null,
    cause = null,
    claimed_until = null,
    changed_at = case when state = 'done' then changed_at else clock_timestamp() end
where
    pipeline = %(pipeline)s
    and bucket = %(bucket)s
    and key = %(key)s
    and version_id = %(version_id)s
    and dag_id = %(dag_id)s
    and run_id = %(run_id)s
