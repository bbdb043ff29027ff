-- What a change set holds. Grain: one row an operation.
select
    operation,
    count(*) as row_count
from pg_temp.changed
group by operation
