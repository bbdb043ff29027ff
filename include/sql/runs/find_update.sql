-- What a run has done to a sink, with the first 20 of its sources. There is no row of a dry run, of a
-- run that failed, or of one that found nothing to do.
-- Grain: one row at most. Parameters: dag_id, run_id, sink.
select
    as_of,
    read,
    rejected,
    duplicate,
    inserted,
    updated,
    unchanged,
    superseded,
    delivered,
    deleted,
    jsonb_path_query_array(details, '$.sources[0 to 19]') as sources,
    coalesce(jsonb_array_length(details -> 'sources'), 0) as source_count
from ops.run
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and sink = %(sink)s
    and status = 'success'
