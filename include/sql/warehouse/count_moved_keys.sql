-- name: count
-- How many keys went and how many came.
-- Grain: one row.
select
    count(*) filter (where not moved.is_later) as gone,
    count(*) filter (where moved.is_later) as come
from pg_temp._sluice_moved as moved


-- name: pair
-- How many of the keys that went have one that came, different in one column alone: the keys are
-- the same without the value at its place.
-- Grain: one row a column of the key, by its place from 0. Parameters: last_place.
with rests as (
    select
        place,
        moved.row_key - place as rest,
        count(*) filter (where not moved.is_later) as gone,
        count(*) filter (where moved.is_later) as come
    from pg_temp._sluice_moved as moved
    cross join generate_series(0, %(last_place)s) as place
    group by place, rest
)

select
    place,
    sum(least(gone, come))::bigint as pairs
from rests
group by place
order by place
