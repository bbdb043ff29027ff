-- name: stage
-- The operations of a publication as a change set, typed as the target is.
-- Grain: one row an operation. Identifiers: values (each member of the row, cast to its type).
-- Parameters: publication_id.
create temporary table _sluice_changed on commit drop as
select
    case change.operation
        when 'INSERT' then 'insert'
        when 'UPDATE' then 'update'
        else 'vanish'
    end as _sluice_operation,
    {values}
from ops.stream_change as change
where change.publication_id = %(publication_id)s


-- name: analyze
-- Tells the planner how many operations there are: it would take them for a few.
analyze pg_temp._sluice_changed


-- name: count
-- How many operations of each kind there are. Grain: one row.
select
    count(*) filter (where _sluice_operation = 'insert') as inserts,
    count(*) filter (where _sluice_operation = 'update') as updates,
    count(*) filter (where _sluice_operation = 'vanish') as deletes
from pg_temp._sluice_changed


-- name: revive
-- Rows that were softly deleted and come again are there, under their keys: they are updated.
-- Identifiers: target, same_key.
update pg_temp._sluice_changed as staged
set _sluice_operation = 'update'
from {target} as target
where
    staged._sluice_operation = 'insert'
    and target.deleted_at is not null
    and {same_key}


-- name: drop
-- Makes room for the next publication of the same transaction.
drop table pg_temp._sluice_changed
