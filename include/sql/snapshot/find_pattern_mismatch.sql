-- How many rows of the snapshot have a text that does not match the column's pattern as a whole.
-- Identifiers: column. Parameters: asked.
select count(*)
from cleaned
where not regexp_full_match({column}, $asked)
