-- The files that a run could not process, as the registry and its ledger row have them: another
-- run may have taken one on since. Parameters: dag_id, run_id.
select
    key,
    version_id
from ops.arrival
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and state = 'failed'
union
select
    failure ->> 'file' as key,
    failure ->> 'version_id' as version_id
from ops.run
cross join jsonb_array_elements(run.details -> 'failures') as failure
where
    run.dag_id = %(dag_id)s
    and run.run_id = %(run_id)s
    and failure ->> 'version_id' is not null
order by key, version_id
