-- What a run has done to its targets, with the versions that it has applied to each.
-- Grain: one row a target. Parameters: dag_id, run_id.
select
    sink,
    read,
    rejected,
    duplicate,
    inserted,
    updated,
    unchanged,
    deleted,
    array(select jsonb_path_query(details, '$.sources[*].version_id') #>> '{}') as versions,
    array(select jsonb_path_query(details, '$.warnings[*]') #>> '{}') as warnings
from ops.run
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and status = 'success'
order by sink
