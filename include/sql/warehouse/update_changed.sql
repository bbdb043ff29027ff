-- New values of keys that the target has. Identifiers: target, assignments, same_key.
update {target} as target
set {assignments}
from pg_temp._sluice_changed as staged
where
    staged._sluice_operation = 'update'
    and {same_key}
