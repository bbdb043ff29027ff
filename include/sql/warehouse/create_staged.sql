-- A session's own copy of a snapshot: the columns of the target, no rows, gone at commit.
-- Grain: one row a row of the snapshot. Identifiers: target, target_columns.
create temporary table _sluice_staged on commit drop as
select {target_columns}
from {target} as target
with no data
