-- name: create
-- A session's own copy of a snapshot: the columns of the target, no rows, gone at commit.
-- Grain: one row a row of the snapshot. Identifiers: target, target_columns.
create temporary table _sluice_staged on commit drop as
select {target_columns}
from {target} as target
with no data


-- name: copy
-- Rows of a snapshot into a table: CSV in which null is the bare empty cell.
-- Identifiers: table, columns. Fails on a key that is there already.
copy {table} ({columns})
from stdin with (format csv, null '')
