-- Keys of an older snapshot that no newer one has, and keys that newer ones brought for dates up
-- to the newest of the older one. What had vanished before the older snapshot is not its concern.
-- Grain: one row a key. Identifiers: target, same_key, target_key, first_key, is_staged_date,
-- is_held_date. Parameters: sink, as_of.
create temporary table _sluice_moved on commit drop as
select
    false as is_later,
    changed._sluice_key as row_key
from pg_temp._sluice_changed as changed
where changed._sluice_operation = 'insert' and {is_held_date}
union all
select
    true as is_later,
    jsonb_build_array({target_key}) as row_key
from {target} as target
left join pg_temp._sluice_staged as staged on {same_key}
left join ops.vanished_row as vanished
    on
        vanished.sink = %(sink)s
        and vanished.key = jsonb_build_array({target_key})
        and vanished.last_seen < %(as_of)s
where
    staged.{first_key} is null
    and vanished.key is null
    and {is_staged_date}
