-- The newest runs of a sink, with what people ask of them; no values of rows.
-- Grain: one row a run, the newest first. Parameters: sink, most.
select
    dag_id,
    run_id,
    as_of,
    status,
    started_at,
    finished_at,
    read,
    rejected,
    duplicate,
    inserted,
    updated,
    unchanged,
    superseded,
    delivered,
    deleted,
    details ->> 'failed_task' as failed_task,
    left(details ->> 'cause', 600) as cause,
    coalesce(details -> 'rejects_by_code', '{}') as rejects_by_code,
    jsonb_path_query_array(details, '$.warnings[0 to 9]') as warnings
from ops.run
where sink = %(sink)s
order by finished_at desc
limit %(most)s
