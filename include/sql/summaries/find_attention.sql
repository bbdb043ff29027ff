-- name: missed_hours
-- Hours of the last week that a table of the lake lacks, whole or in part.
-- Grain: one row a dataset. Parameters: none.
select
    dataset as dag_id,
    'lake.' || dataset as sink,
    count(*) as count,
    min(as_of) as since
from ops.missed_hour
where as_of > clock_timestamp() - interval '7 days'
group by dataset
order by dataset


-- name: failed_files
-- Files of the last month that failed, and of which no later version went well.
-- Grain: one row a pipeline. Parameters: none.
select
    failed.pipeline as dag_id,
    null as sink,
    count(*) as count,
    min(failed.changed_at) as since
from ops.arrival as failed
where
    failed.state = 'failed'
    and failed.changed_at > clock_timestamp() - interval '30 days'
    and not exists (
        select
        from ops.arrival as later
        where
            failed.pipeline = later.pipeline
            and failed.bucket = later.bucket
            and failed.key = later.key
            and later.state = 'done'
            and later.stored_at > failed.stored_at
    )
group by failed.pipeline
order by failed.pipeline


-- name: quarantine_grows
-- Rows that the last three runs of a sink have put into quarantine that were not there before.
-- Grain: one row a sink. Parameters: none.
with
numbered as (
    select
        dag_id,
        sink,
        started_at,
        row_number() over (partition by sink order by finished_at desc) as place
    from ops.run
    where finished_at > clock_timestamp() - interval '30 days'
),

last_runs as (
    select
        sink,
        max(dag_id) as dag_id,
        min(started_at) as began
    from numbered
    where place <= 3
    group by sink
)

select
    last_runs.dag_id,
    last_runs.sink,
    count(*) as count,
    min(waiting.waits_since) as since
from last_runs
inner join ops.open_reject as waiting
    on
        last_runs.sink = waiting.sink
        and last_runs.began <= waiting.waits_since
group by
    last_runs.dag_id,
    last_runs.sink
order by last_runs.sink


-- name: question
-- Questions that no person has answered. Grain: one row a sink. Parameters: none.
select
    max(dag_id) as dag_id,
    sink,
    count(*) as count,
    min(asked_at) as since
from ops.shrunken_snapshot
where state = 'asked'
group by sink
union all
select
    max(export_table.dag_id) as dag_id,
    export_table.target as sink,
    count(*) as count,
    min(export.asked_at) as since
from ops.export
inner join ops.export_table
    on
        export.tenant = export_table.tenant
        and export.table_name = export_table.table_name
where
    export.state = 'asked'
    and export_table.dag_id is not null
group by export_table.target
order by sink
