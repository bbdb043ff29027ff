-- The newest rejected rows of some runs into a sink.
-- Grain: one row a rejected row, the newest first. Parameters: sink, runs (JSON), most.
select
    rejected.run_id,
    rejected.dag_id,
    rejected.file,
    rejected.version,
    rejected.line,
    rejected.column_name,
    rejected.code,
    rejected.reason,
    left(rejected.raw, 2000) as raw,
    rejected.rejected_at,
    rejected.settled_at,
    rejected.settled_how,
    rejected.settled_why,
    rejected.settled_by_dag,
    rejected.settled_by_run
from
    jsonb_to_recordset(%(runs)s::jsonb) as asked (dag_id text, run_id text)
inner join ops.rejected_row as rejected
    on
        asked.dag_id = rejected.dag_id
        and asked.run_id = rejected.run_id
        and rejected.sink = %(sink)s
order by rejected.id desc
limit %(most)s
