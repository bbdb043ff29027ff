-- How many rows of the snapshot have a text of more characters than the column allows.
-- Identifiers: column. Parameters: asked.
select count(*)
from cleaned
where length({column}) > $asked
