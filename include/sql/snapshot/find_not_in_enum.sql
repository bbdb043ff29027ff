-- How many rows of the snapshot have a value that the column does not allow.
-- Identifiers: column, type. Parameters: asked (the allowed values as canonical texts).
select count(*)
from cleaned
where {column} not in (select unnest(cast($asked as {type} [])))
