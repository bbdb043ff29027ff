-- What a change set holds. Grain: one row an operation.
select
    changed._sluice_operation,
    count(*) as row_count
from pg_temp._sluice_changed as changed
group by changed._sluice_operation
