-- name: stage
-- The operations of a publication as a change set, typed as the target is, beside what the target
-- has. A row that was softly deleted and comes again is there, under its key: it is updated.
-- Grain: one row an operation. Identifiers: definitions, target, staged_columns, same_key,
-- first_key, is_there. Parameters: publication_id.
create temporary table _sluice_changed on commit drop as
select
    case
        when change.operation = 'DELETE' then 'vanish'
        when target.{first_key} is null then 'insert'
        else 'update'
    end as _sluice_operation,
    change.operation as _sluice_asked,
    {is_there} as _sluice_there,
    {staged_columns}
from ops.stream_change as change
cross join lateral json_to_record(change.row_values) as staged ({definitions})
left join {target} as target on {same_key}
where change.publication_id = %(publication_id)s


-- name: count
-- What the operations ask for, how many of the inserts find their row softly deleted, and how many
-- operations do not fit the target: rows to insert that are there, others that are not.
-- Grain: one row.
select
    count(*) filter (where _sluice_asked = 'INSERT') as inserts,
    count(*) filter (where _sluice_asked = 'UPDATE') as updates,
    count(*) filter (where _sluice_asked = 'DELETE') as deletes,
    count(*) filter (where _sluice_asked = 'INSERT' and _sluice_operation = 'update') as revived,
    count(*) filter (where _sluice_there = (_sluice_asked = 'INSERT')) as differing
from pg_temp._sluice_changed


-- name: drop
-- Makes room for the next publication of the same transaction.
drop table pg_temp._sluice_changed
