-- An object version is done, if the run still holds it, and its progress of no more use. A rerun
-- finds it done and leaves it so.
-- Grain: one row when the run has done it, now or before; none when another run has taken it over.
-- Parameters: pipeline, bucket, key, version_id, dag_id, run_id, counts.
with mine as (
    select
        pipeline,
        bucket,
        key,
        version_id,
        state
    from ops.arrival
    where
        pipeline = %(pipeline)s
        and bucket = %(bucket)s
        and key = %(key)s
        and version_id = %(version_id)s
        and dag_id = %(dag_id)s
        and run_id = %(run_id)s
    for update
),

completed as (
    update ops.arrival
    set
        state = 'done',
        counts = %(counts)s,
        cause = null,
        claimed_until = null,
        changed_at = clock_timestamp()
    from mine
    where
        arrival.pipeline = mine.pipeline
        and arrival.bucket = mine.bucket
        and arrival.key = mine.key
        and arrival.version_id = mine.version_id
        and mine.state <> 'done'
),

forgotten as (
    delete from ops.arrival_progress
    using mine
    where
        arrival_progress.pipeline = mine.pipeline
        and arrival_progress.bucket = mine.bucket
        and arrival_progress.key = mine.key
        and arrival_progress.version_id = mine.version_id
)

select state
from mine
