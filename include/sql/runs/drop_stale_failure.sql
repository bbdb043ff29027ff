-- An unsent failure notice of a run that has been cleared and has come to its end since.
-- Parameters: dag_id, run_id.
delete from ops.outbox
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and status = 'failed'
    and sent_at is null
