-- New values of keys that the target has. Identifiers: target, assignments, same_key.
update {target} as target
set {assignments}
from pg_temp.changed as staged
where
    staged.operation = 'update'
    and {same_key}
