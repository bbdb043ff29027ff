-- name: find
-- Lines of an object version that wait in quarantine and whose rows no run has ever delivered: each
-- run that has read the whole version has rejected them, and none has loaded them since.
-- Grain: one line; is_row says that a row begins there. Parameters: sink, file, version.
-- Safe to rerun: reads only.
with
whole as (
    select
        run.dag_id,
        run.run_id
    from ops.run
    cross join lateral jsonb_array_elements(run.details -> 'sources') as source
    where
        run.sink = %(sink)s
        and source.value ->> 'file' = %(file)s
        and source.value ->> 'version_id' = %(version)s
        and source.value ->> 'rejected_only' is null
)

select
    rejected.line,
    bool_and(rejected.code <> 'continued') as is_row
from ops.rejected_row as rejected
left join whole
    on
        rejected.dag_id = whole.dag_id
        and rejected.run_id = whole.run_id
where
    rejected.sink = %(sink)s
    and rejected.file = %(file)s
    and rejected.version = %(version)s
group by rejected.line
having
    count(distinct whole.run_id) = (select count(*) from whole)
    and bool_or(rejected.settled_at is null)
    and bool_and(rejected.settled_how is distinct from 'loaded')
order by rejected.line


-- name: count
-- How many rows an object version had, as the run read them that has read it whole last.
-- Grain: one row, none where no run has. Parameters: sink, file, version.
-- Safe to rerun: reads only.
select
    (source.value ->> 'delivered')::bigint + (
        select count(*)
        from ops.rejected_row as rejected
        where
            rejected.dag_id = run.dag_id
            and rejected.run_id = run.run_id
            and rejected.sink = run.sink
            and rejected.file = %(file)s
            and rejected.version = %(version)s
            and rejected.code <> 'continued'
    )
from ops.run
cross join lateral jsonb_array_elements(run.details -> 'sources') as source
where
    run.sink = %(sink)s
    and source.value ->> 'file' = %(file)s
    and source.value ->> 'version_id' = %(version)s
    and source.value ->> 'rejected_only' is null
order by run.finished_at desc
limit 1
