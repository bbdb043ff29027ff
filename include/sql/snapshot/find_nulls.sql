-- How many rows of the snapshot lack a value that the table demands. Identifiers: column.
select count(*)
from cleaned
where {column} is null
