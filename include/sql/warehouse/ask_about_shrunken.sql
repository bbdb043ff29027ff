-- name: find_approved
-- How many rows of a table may go, since a person has approved this snapshot after the one that
-- the table holds. Parameters: sink, content_sha256.
select
    shrunken.missing,
    shrunken.decided_by
from ops.shrunken_snapshot as shrunken
left join ops.sink as known on known.sink = shrunken.sink
where
    shrunken.sink = %(sink)s
    and shrunken.content_sha256 = %(content_sha256)s
    and shrunken.base_sha256 = coalesce(known.content_sha256, '')
    and shrunken.state = 'approved'


-- name: ask
-- A question about a snapshot, unless it waits for its answer or has one. It is asked anew when
-- nobody has answered, when more rows would go than were approved, when the same has been loaded
-- before, and when the question must have been lost. Grain: one row at most.
-- Parameters: those of the columns, and lost_after_seconds.
insert into ops.shrunken_snapshot as known (
    sink, base_sha256, content_sha256, state, as_of, rows_before, row_count, missing, dag_id, run_id
)
values (
    %(sink)s, %(base_sha256)s, %(content_sha256)s, 'asked', %(as_of)s,
    %(rows_before)s, %(row_count)s, %(missing)s, %(dag_id)s, %(run_id)s
)
on conflict (sink, base_sha256, content_sha256) do update
set
    state = excluded.state,
    times = known.times + 1,
    as_of = excluded.as_of,
    rows_before = excluded.rows_before,
    missing = excluded.missing,
    dag_id = excluded.dag_id,
    run_id = excluded.run_id,
    asked_at = clock_timestamp(),
    decided_at = null,
    decided_by = null
where
    known.state in ('expired', 'loaded')
    or (known.state = 'approved' and excluded.missing > known.missing)
    or (
        known.state = 'asked'
        and known.asked_at < clock_timestamp() - make_interval(secs => %(lost_after_seconds)s)
    )


-- name: find_asked
-- What is known of a question. Parameters: sink, base_sha256, content_sha256.
select
    sink,
    base_sha256,
    content_sha256,
    state,
    times,
    as_of,
    rows_before,
    row_count,
    missing,
    dag_id,
    run_id,
    asked_at,
    decided_at,
    decided_by
from ops.shrunken_snapshot
where
    sink = %(sink)s
    and base_sha256 = %(base_sha256)s
    and content_sha256 = %(content_sha256)s


-- name: decide
-- The answer to a question. A refusal answers an open question alone; an approval also one that was
-- refused or not answered. Safe to rerun: the second time nothing is open.
-- Parameters: sink, content_sha256, as_of, state, decided_by.
update ops.shrunken_snapshot
set
    state = %(state)s,
    decided_at = clock_timestamp(),
    decided_by = %(decided_by)s
where
    sink = %(sink)s
    and content_sha256 = %(content_sha256)s
    and as_of = %(as_of)s
    and (state = 'asked' or (state in ('refused', 'expired') and %(state)s = 'approved'))


-- name: find_decided
-- What is known of the question that an answer is about, the last one.
-- Grain: one row at most. Parameters: sink, content_sha256, as_of.
select
    sink,
    base_sha256,
    content_sha256,
    state,
    times,
    as_of,
    rows_before,
    row_count,
    missing,
    dag_id,
    run_id,
    asked_at,
    decided_at,
    decided_by
from ops.shrunken_snapshot
where
    sink = %(sink)s
    and content_sha256 = %(content_sha256)s
    and as_of = %(as_of)s
order by asked_at desc
limit 1


-- name: mark_loaded
-- An approval is good for one load. Parameters: sink, content_sha256.
update ops.shrunken_snapshot
set state = 'loaded'
where
    sink = %(sink)s
    and content_sha256 = %(content_sha256)s
    and state = 'approved'
