-- The row of a key in a table. Grain: one row, or none. Identifiers: columns, target, same_key.
select {columns}
from {target}
where {same_key}
