-- Records of other producers that a run has set aside, by why.
-- Grain: one code. Parameters: dag_id, run_id.
select
    code,
    count(*)
from ops.rejected_row
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
group by code
order by code
