-- The newest files that runs of an upload pipeline have taken to the end. Of a file the ledger does
-- not say how many of its rows were new.
-- Grain: one run and file, those of the run that ended last first. Parameters: sink, pipeline, most.
select
    run.dag_id,
    run.run_id,
    arrival.stored_at as as_of,
    run.finished_at,
    run.status,
    jsonb_build_object(
        'inserted', 0,
        'updated', 0,
        'unchanged', 0,
        'superseded', 0,
        'deleted', 0,
        'rejected', (source.value ->> 'rejected')::bigint
    ) as counts,
    jsonb_build_array(
        jsonb_build_object(
            'bucket', arrival.bucket,
            'key', arrival.key,
            'version_id', arrival.version_id,
            'etag', arrival.etag,
            'size', arrival.size,
            'stored_at', arrival.stored_at,
            'order', arrival.file_order
        )
    ) as sources
from ops.run
cross join lateral jsonb_array_elements(run.details -> 'sources') with ordinality as source (
    value, place
)
inner join ops.arrival
    on
        arrival.pipeline = %(pipeline)s
        and arrival.key = source.value ->> 'file'
        and arrival.version_id = source.value ->> 'version_id'
where run.sink = %(sink)s
order by run.finished_at desc, run.dag_id asc, run.run_id asc, source.place desc
limit %(most)s
