-- The newest date of a column as text, and how many days it is after 1 January 1970.
-- Identifiers: column.
select
    cast(max({column}) as varchar),
    date_diff('day', date '1970-01-01', cast(max({column}) as date))
from cleaned
