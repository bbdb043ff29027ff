-- Where in a file the rows of a key begin, or of a part of a key, in the file's order.
-- Grain: one row of the file. Identifiers: relation, same_key. Parameters: most, those of same_key.
select _sluice_line
from {relation}
where {same_key}
order by _sluice_line
limit $most
