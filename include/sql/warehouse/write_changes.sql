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
-- Rows that the newest snapshot lacks. Identifiers: target, target_key.
delete from {target} as target
using pg_temp._sluice_changed as changed
where
    changed._sluice_operation = 'vanish'
    and changed._sluice_key = jsonb_build_array({target_key})
