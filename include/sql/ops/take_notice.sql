-- The oldest unsent notice of a DAG, of this run or of any other. The caller holds the lock on
-- the DAG's outbox. Parameters: dag_id, run_id, own.
select
    run_id,
    status,
    subject,
    body,
    attributes
from ops.outbox
where
    dag_id = %(dag_id)s
    and sent_at is null
    and (run_id = %(run_id)s) = %(own)s
order by written_at
limit 1
