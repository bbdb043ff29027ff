-- The exported tables of which changes have been applied. Grain: one row a tenant and table.
select
    tenant,
    table_name
from ops.export_table
where applied_version is not null
order by
    tenant asc,
    table_name asc
