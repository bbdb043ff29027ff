-- How many rows of the snapshot have a value below the column's minimum.
-- Identifiers: column, type. Parameters: asked (the minimum as canonical text).
select count(*)
from cleaned
where {column} < cast($asked as {type})
