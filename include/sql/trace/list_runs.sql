-- The newest runs of a sink, with what they counted and the files that they read.
-- Grain: one run, the one that ended last first. Parameters: sink, as_of (null
-- for all), most.
select
    dag_id,
    run_id,
    as_of,
    finished_at,
    status,
    jsonb_build_object(
        'inserted', inserted,
        'updated', updated,
        'unchanged', unchanged,
        'superseded', superseded,
        'deleted', deleted,
        'rejected', rejected
    ) as counts,
    coalesce(details -> 'sources', '[]') as sources
from ops.run
where
    sink = %(sink)s
    and (%(as_of)s::timestamptz is null or as_of = %(as_of)s)
order by finished_at desc, dag_id asc, run_id asc
limit %(most)s
