-- name: update
-- New values of keys that the target has. Identifiers: target, assignments, same_key.
update {target} as target
set {assignments}
from pg_temp._sluice_changed as staged
where
    staged._sluice_operation = 'update'
    and {same_key}


-- name: insert
-- Keys that the target lacks. Identifiers: target, columns, staged_columns.
insert into {target} ({columns})
select {staged_columns}
from pg_temp._sluice_changed as staged
where staged._sluice_operation = 'insert'


-- name: delete
-- Rows that the newest snapshot lacks. Identifiers: target, same_key.
delete from {target} as target
using pg_temp._sluice_changed as staged
where
    staged._sluice_operation = 'vanish'
    and {same_key}


-- name: mark
-- Rows that the newest snapshot lacks, in a table that keeps them with the moment at which they were
-- found gone. Identifiers: target, same_key. Parameters: moment.
update {target} as target
set deleted_at = %(moment)s
from pg_temp._sluice_changed as staged
where
    staged._sluice_operation = 'vanish'
    and target.deleted_at is null
    and {same_key}
