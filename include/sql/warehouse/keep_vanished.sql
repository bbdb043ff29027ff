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
