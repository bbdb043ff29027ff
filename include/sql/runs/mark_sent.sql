-- A notice that SNS has acknowledged. Parameters: dag_id, run_id, status.
update ops.outbox
set sent_at = clock_timestamp()
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and status = %(status)s
