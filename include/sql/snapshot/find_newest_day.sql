-- The newest date of a column, and its age in days. Identifiers: column. Parameters: as_of.
select
    max({column}),
    date_diff('day', max({column}), cast($as_of as date))
from cleaned
