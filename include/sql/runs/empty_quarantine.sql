-- Forgets what an earlier try of this run rejected.
delete from ops.rejected_row
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and sink = %(sink)s
