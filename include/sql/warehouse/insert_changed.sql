-- Keys that the target lacks. Identifiers: target, columns, staged_columns.
insert into {target} ({columns})
select {staged_columns}
from pg_temp._sluice_changed as staged
where staged._sluice_operation = 'insert'
