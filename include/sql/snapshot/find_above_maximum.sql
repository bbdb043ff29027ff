-- How many rows of the snapshot have a value above the column's maximum.
-- Identifiers: column, type. Parameters: asked (the maximum as canonical text).
select count(*)
from cleaned
where {column} > cast($asked as {type})
