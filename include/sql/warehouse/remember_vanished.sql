-- name: keep
-- Remembers when a kept row that the newest snapshot lacks was seen last: in the snapshot
-- before, for a key that has not vanished already. Grain: one row a key, which may be too long for
-- a unique index; the lock on the table keeps others away. Parameters: sink, last_seen.
insert into ops.vanished_row (sink, key, last_seen)
select
    %(sink)s,
    changed._sluice_key,
    coalesce(%(last_seen)s, '-infinity'::timestamptz)
from pg_temp._sluice_changed as changed
left join ops.vanished_row as vanished
    on
        vanished.sink = %(sink)s
        and vanished.key = changed._sluice_key
where
    changed._sluice_operation = 'vanish'
    and vanished.key is null


-- name: stamp
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


-- name: forget
-- Keys that the newest snapshot has again. Identifiers: staged_key. Parameters: sink.
delete from ops.vanished_row as vanished
using pg_temp._sluice_staged as staged
where
    vanished.sink = %(sink)s
    and vanished.key = jsonb_build_array({staged_key})


-- name: forget_all
-- An empty table keeps nothing. Parameters: sink.
delete from ops.vanished_row
where sink = %(sink)s
