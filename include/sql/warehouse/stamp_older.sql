-- Keys of an older snapshot that no newer one had: this snapshot is the last that saw them.
-- Grain: as for keep_vanished. Parameters: sink, as_of.
merge into ops.vanished_row as vanished
using (
    select changed._sluice_key
    from pg_temp._sluice_changed as changed
    where changed._sluice_operation <> 'supersede'
) as seen
    on
        vanished.sink = %(sink)s
        and vanished.key = seen._sluice_key
when matched then
    update set last_seen = %(as_of)s
when not matched then
    insert (sink, key, last_seen)
    values (%(sink)s, seen._sluice_key, %(as_of)s)
