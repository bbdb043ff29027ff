-- name: begin
-- The newest row of the quarantine, and the time. Grain: one row.
-- Safe to rerun: reads only.
select
    coalesce(max(id), 0),
    clock_timestamp()
from ops.rejected_row


-- name: versions
-- Versions of which rows wait that are asked for, with the newest moment at which a run has read them
-- and where the archive has them.
-- Grain: one version, those of the newest moments first.
-- Parameters: sink, code, file, version (each of these three may be null: any), newest (id), most
-- (versions).
-- Safe to rerun: reads only.
with
matched as (
    select
        file,
        version,
        count(*) as rows
    from ops.open_reject
    where
        sink = %(sink)s
        and id <= %(newest)s
        and (%(code)s::text is null or code = %(code)s)
        and (%(file)s::text is null or file = %(file)s)
        and (%(version)s::text is null or version = %(version)s)
    group by
        file,
        version
)

select
    reader.dag_id,
    matched.file,
    matched.version,
    matched.rows,
    reader.as_of,
    (
        select source.value ->> 'key'
        from jsonb_array_elements(reader.sources) as source
        where
            source.value ->> 'commit' = matched.version
            and (source.value ->> 'repository') || '/' || (source.value ->> 'path') = matched.file
        limit 1
    ) as archived
from matched
cross join lateral (
    select
        rejected.dag_id,
        run.as_of,
        run.details -> 'sources' as sources
    from ops.rejected_row as rejected
    left join ops.run as run
        on
            rejected.dag_id = run.dag_id
            and rejected.run_id = run.run_id
            and rejected.sink = run.sink
    where
        rejected.sink = %(sink)s
        and rejected.settled_at is null
        and rejected.file = matched.file
        and rejected.version = matched.version
    order by
        run.as_of desc nulls last,
        rejected.id desc
    limit 1
) as reader
order by
    reader.as_of desc nulls last,
    matched.file,
    matched.version
limit %(most)s


-- name: guard
-- No run adds rows to the quarantine of a sink, or takes some out, until the transaction ends.
-- Parameters: sink.
select pg_advisory_xact_lock(hashtextextended('sluice quarantine ' || %(sink)s, 0))


-- name: set_aside
-- A person gives the rows up that are asked for. Grain: one row of any run that has rejected one of
-- them. Parameters: as of versions, dag_id, run_id, why.
-- Safe to rerun: those that are set aside do not wait any more.
with
matched as (
    select
        file,
        version,
        line
    from ops.open_reject
    where
        sink = %(sink)s
        and id <= %(newest)s
        and (%(code)s::text is null or code = %(code)s)
        and (%(file)s::text is null or file = %(file)s)
        and (%(version)s::text is null or version = %(version)s)
)

update ops.rejected_row as waiting
set
    settled_at = clock_timestamp(),
    settled_how = 'set aside',
    settled_by_dag = %(dag_id)s,
    settled_by_run = %(run_id)s,
    settled_why = %(why)s
from matched
where
    waiting.sink = %(sink)s
    and waiting.settled_at is null
    and waiting.file = matched.file
    and waiting.version = matched.version
    and coalesce(waiting.line, -1) = coalesce(matched.line, -1)


-- name: outcome
-- What has become since of the rows that were asked for: settled by one of some runs, settled by
-- others, or still waiting.
-- Grain: one version. Parameters: as of versions, began (when newest was found), runs (a JSON array of
-- dag_id and run_id).
-- Safe to rerun: reads only.
with
mine as (
    select
        dag_id,
        run_id
    from jsonb_to_recordset(%(runs)s::jsonb) as started (dag_id text, run_id text)
),

asked as (
    select distinct on (file, version, line)
        file,
        version,
        code,
        settled_at,
        settled_by_dag,
        settled_by_run
    from ops.rejected_row
    where
        sink = %(sink)s
        and id <= %(newest)s
        and (settled_at is null or settled_at >= %(began)s)
        and (%(file)s::text is null or file = %(file)s)
        and (%(version)s::text is null or version = %(version)s)
    order by
        file asc,
        version asc,
        line asc,
        id desc
)

select
    asked.file,
    asked.version,
    count(*) as asked,
    count(mine.run_id) as settled,
    count(*) filter (where asked.settled_at is not null and mine.run_id is null) as settled_by_others,
    count(*) filter (where asked.settled_at is null) as waiting
from asked
left join mine
    on
        asked.settled_by_dag = mine.dag_id
        and asked.settled_by_run = mine.run_id
where %(code)s::text is null or asked.code = %(code)s
group by
    asked.file,
    asked.version
order by
    asked.file,
    asked.version
