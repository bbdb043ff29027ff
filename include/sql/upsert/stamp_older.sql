-- Keys of an older snapshot that no newer one had: this snapshot is the last that saw them.
-- Parameters: sink, as_of.
insert into ops.vanished_row (sink, key, last_seen)
select
    %(sink)s,
    changed._sluice_key,
    %(as_of)s
from pg_temp._sluice_changed as changed
where changed._sluice_operation <> 'supersede'
on conflict (sink, key) do update set last_seen = excluded.last_seen
