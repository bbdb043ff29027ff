-- Each value of a column, and how many rows of the snapshot have it. Identifiers: column.
select
    {column},
    count(*)
from cleaned
where {column} is not null
group by {column}
