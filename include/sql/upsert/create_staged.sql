-- A session's own copy of a snapshot: the columns of the target, no rows, gone at commit.
-- Grain: one row a row of the snapshot. Identifiers: target, columns.
create temporary table staged on commit drop as
select {columns}
from {target}
with no data
