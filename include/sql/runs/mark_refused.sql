-- A notice that SNS refuses. Parameters: dag_id, run_id, status, refusal.
update ops.outbox
set
    refusals = refusals + 1,
    refusal = %(refusal)s,
    refused_at = clock_timestamp()
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and status = %(status)s
