-- The next unsent notice of a DAG, this run's first, then the oldest. The caller holds the lock
-- on the DAG's outbox. Parameters: dag_id, run_id.
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
order by
    run_id <> %(run_id)s,
    written_at
limit 1
