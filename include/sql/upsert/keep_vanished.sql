-- Remembers when a kept row that the newest snapshot lacks was seen last: in the snapshot
-- before, for a key that has not vanished already. Parameters: sink, last_seen.
insert into ops.vanished_row (sink, key, last_seen)
select
    %(sink)s,
    changed._sluice_key,
    coalesce(%(last_seen)s, '-infinity'::timestamptz)
from pg_temp._sluice_changed as changed
where changed._sluice_operation = 'vanish'
on conflict (sink, key) do nothing
