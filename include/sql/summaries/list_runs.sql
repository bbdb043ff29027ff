-- The newest runs of a sink, with what people ask of them; no values of rows.
-- Grain: one row a run, the newest first. Parameters: sink, most.
with newest as (
    select
        dag_id,
        run_id
    from ops.run
    where sink = %(sink)s
    order by finished_at desc
    limit %(most)s
)

select
    run.dag_id,
    run.run_id,
    run.as_of,
    run.status,
    run.started_at,
    run.finished_at,
    run.read,
    run.rejected,
    run.duplicate,
    run.inserted,
    run.updated,
    run.unchanged,
    run.superseded,
    run.delivered,
    run.deleted,
    run.details ->> 'failed_task' as failed_task,
    coalesce(
        run.details ->> 'cause',
        run.details #>> '{failures,0,cause}'
    ) as cause,
    run.details #>> '{question,state}' as question,
    coalesce(run.details -> 'rejects_by_code', '{}') as rejects_by_code,
    jsonb_path_query_array(run.details, '$.warnings[0 to 9]') as warnings
from newest
inner join ops.run as run
    on
        newest.dag_id = run.dag_id
        and newest.run_id = run.run_id
        and run.sink = %(sink)s
order by run.finished_at desc
