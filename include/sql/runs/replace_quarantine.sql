-- name: guard
-- Nobody sets rows of a sink aside until the transaction ends; other runs may go on rejecting some.
-- Parameters: sink.
select pg_advisory_xact_lock_shared(hashtextextended('sluice quarantine ' || %(sink)s, 0))


-- name: newest
-- The newest row that a run has in quarantine, of whatever try. Grain: one row.
-- Parameters: dag_id, run_id, sink.
select coalesce(max(id), 0)
from ops.rejected_row
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and sink = %(sink)s


-- name: fill
-- Rejected rows, as one JSON array. One that a person has set aside, in the same version, stays so.
-- Grain: one row a rejected row. Parameters: dag_id, run_id, sink, rows.
insert into ops.rejected_row (
    dag_id, run_id, sink, file, version, line, column_name, code, reason, raw,
    settled_at, settled_how, settled_by_dag, settled_by_run, settled_why
)
select
    %(dag_id)s,
    %(run_id)s,
    %(sink)s,
    rejected.file,
    rejected.version,
    rejected.line,
    rejected.column_name,
    rejected.code,
    rejected.reason,
    rejected.raw,
    aside.settled_at,
    aside.settled_how,
    aside.settled_by_dag,
    aside.settled_by_run,
    aside.settled_why
from
    jsonb_to_recordset(%(rows)s::jsonb) as rejected (
        file text,
        version text,
        line bigint,
        column_name text,
        code text,
        reason text,
        raw text
    )
left join lateral (
    select *
    from ops.rejected_row as known
    where
        known.sink = %(sink)s
        and known.file = rejected.file
        and known.version = rejected.version
        and coalesce(known.line, -1) = coalesce(rejected.line, -1)
        and known.settled_how = 'set aside'
    limit 1
) as aside on true


-- name: settle
-- Rows of versions that a run has read, which it has not rejected: they have left quarantine,
-- whichever run had rejected them. Grain: one row that waited.
-- Parameters: dag_id, run_id, sink, before (id of the newest row of earlier tries), versions (a JSON
-- array of file and version).
with
version as (
    select distinct
        file,
        version
    from jsonb_to_recordset(%(versions)s::jsonb) as read (file text, version text)
),

-- Sorted rather than joined, so that many rows of one version take no longer each.
marked as (
    select
        id,
        bool_or(is_rejected) over (partition by file, version, line) as is_rejected
    from (
        select
            waiting.id,
            waiting.file,
            waiting.version,
            waiting.line,
            false as is_rejected
        from ops.rejected_row as waiting
        inner join version
            on
                waiting.file = version.file
                and waiting.version = version.version
        where
            waiting.sink = %(sink)s
            and waiting.settled_at is null
            and not (
                waiting.dag_id = %(dag_id)s
                and waiting.run_id = %(run_id)s
                and waiting.id > %(before)s
            )
        union all
        select
            null as id,
            again.file,
            again.version,
            again.line,
            true as is_rejected
        from ops.rejected_row as again
        where
            again.dag_id = %(dag_id)s
            and again.run_id = %(run_id)s
            and again.sink = %(sink)s
            and again.id > %(before)s
    ) as every_row
)

update ops.rejected_row as waiting
set
    settled_at = clock_timestamp(),
    settled_how = 'loaded',
    settled_by_dag = %(dag_id)s,
    settled_by_run = %(run_id)s
from marked
where
    waiting.id = marked.id
    and not marked.is_rejected


-- name: empty
-- Forgets what earlier tries of a run rejected, but for rows that have left quarantine since and that
-- this try has not rejected: they are what shows that they did.
-- Parameters: dag_id, run_id, sink, before (id of the newest row of earlier tries).
with
marked as (
    select
        id,
        settled_at,
        bool_or(id > %(before)s) over (partition by file, version, line) as is_rejected
    from ops.rejected_row
    where
        dag_id = %(dag_id)s
        and run_id = %(run_id)s
        and sink = %(sink)s
)

delete from ops.rejected_row as earlier
using marked
where
    earlier.id = marked.id
    and marked.id <= %(before)s
    and (marked.settled_at is null or marked.is_rejected)


-- name: waiting
-- Versions of a file of which rows wait in quarantine. Grain: one version. Parameters: sink, file.
select distinct version
from ops.rejected_row
where
    sink = %(sink)s
    and file = %(file)s
    and settled_at is null
