-- Any row of a table, none when it is empty. Identifiers: target.
select 1
from {target}
limit 1
