-- How many keys the snapshot has more than once. Identifiers: columns.
select count(*)
from (
    select 1
    from cleaned
    group by {columns}
    having count(*) > 1
) as repeated
