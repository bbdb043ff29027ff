-- Keys that the newest snapshot lacks for the first time, and keys that it brings for dates that
-- the table holds already: keys of later dates are no news of earlier ones.
-- Grain: one row a key. Identifiers: is_held_date, target. Parameters: sink.
create temporary table _sluice_moved on commit drop as
select
    changed._sluice_operation = 'insert' as is_later,
    changed._sluice_key as row_key
from pg_temp._sluice_changed as changed
left join ops.vanished_row as vanished
    on
        vanished.sink = %(sink)s
        and vanished.key = changed._sluice_key
where
    (changed._sluice_operation = 'vanish' and vanished.key is null)
    or (changed._sluice_operation = 'insert' and {is_held_date})
