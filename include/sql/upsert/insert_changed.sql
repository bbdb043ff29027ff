-- Keys that the target lacks. Identifiers: target, columns.
insert into {target} ({columns})
select {columns}
from pg_temp.changed
where operation = 'insert'
