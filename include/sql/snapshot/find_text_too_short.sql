-- How many rows of the snapshot have a text of fewer characters than the column asks.
-- Identifiers: column. Parameters: asked.
select count(*)
from cleaned
where length({column}) < $asked
