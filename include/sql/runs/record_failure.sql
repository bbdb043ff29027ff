-- The ledger row of a run that failed; a success stays as it is, and so does what a failed run
-- has counted itself.
insert into ops.run (dag_id, run_id, sink, as_of, status, started_at, details)
values (%(dag_id)s, %(run_id)s, %(sink)s, %(as_of)s, 'failed', %(started_at)s, %(details)s)
on conflict (dag_id, run_id, sink) do update
set
    status = excluded.status,
    finished_at = clock_timestamp(),
    details = run.details || excluded.details
where run.status <> 'success'
