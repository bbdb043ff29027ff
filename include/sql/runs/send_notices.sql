-- name: lock
-- One sender a DAG at a time, until the transaction ends. Parameters: dag_id.
select pg_advisory_xact_lock(hashtextextended('sluice outbox ' || %(dag_id)s, 0))


-- name: take
-- The oldest unsent notice of a DAG, of this run or of any other; those that were refused come last.
-- One of another run that was refused is due again after a minute, then after two, four and so on,
-- up to a day. One of this run is due unless it was refused just now. The caller holds the lock on
-- the DAG's outbox. Parameters: dag_id, run_id, own, refused_now (statuses).
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
    and case
        when %(own)s then status <> all(%(refused_now)s::text [])
        when refused_at is null then true
        else
            refused_at + least(power(2, least(refusals, 12) - 1) * interval '1 minute', interval '1 day')
            < clock_timestamp()
    end
order by refusals, written_at
limit 1


-- name: mark_sent
-- A notice that SNS has acknowledged. Parameters: dag_id, run_id, status.
update ops.outbox
set sent_at = clock_timestamp()
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and status = %(status)s


-- name: mark_refused
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
