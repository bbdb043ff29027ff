-- How many keys went and how many came.
-- Grain: one row.
select
    count(*) filter (where not moved.is_later) as gone,
    count(*) filter (where moved.is_later) as come
from pg_temp._sluice_moved as moved
