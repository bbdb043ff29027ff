-- The first file of a run that it could not process. Parameters: dag_id, run_id.
select
    key,
    version_id
from ops.arrival
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and state = 'failed'
order by key, version_id
limit 1
