-- The ledger row of a run. A rerun that changed nothing leaves the row of the run that did;
-- one that changed something, or follows a failure, replaces it.
-- Grain: one row a run and sink; comes back when it was written.
insert into ops.run (
    dag_id, run_id, sink, as_of, status,
    read, rejected, duplicate, inserted, updated, unchanged, superseded, delivered, deleted,
    started_at, details
)
values (
    %(dag_id)s, %(run_id)s, %(sink)s, %(as_of)s, %(status)s,
    %(read)s, %(rejected)s, %(duplicate)s,
    %(inserted)s, %(updated)s, %(unchanged)s, %(superseded)s,
    %(delivered)s, %(deleted)s,
    %(started_at)s, %(details)s
)
on conflict (dag_id, run_id, sink) do update
set
    as_of = excluded.as_of,
    status = excluded.status,
    read = excluded.read,
    rejected = excluded.rejected,
    duplicate = excluded.duplicate,
    inserted = excluded.inserted,
    updated = excluded.updated,
    unchanged = excluded.unchanged,
    superseded = excluded.superseded,
    delivered = excluded.delivered,
    deleted = excluded.deleted,
    started_at = excluded.started_at,
    finished_at = clock_timestamp(),
    details = excluded.details
where
    run.status = 'failed'
    or excluded.inserted + excluded.updated + excluded.deleted > 0
    or (run.status, run.as_of, run.read, run.rejected, run.delivered)
    <> (excluded.status, excluded.as_of, excluded.read, excluded.rejected, excluded.delivered)
returning finished_at
