-- The first keys that a table would lose, in their order: those that the newest snapshot lacks, and
-- where such rows are kept only those that it is the first to lack. Before anything is written.
-- Grain: one row a key. Parameters: sink, deletes (vanished rows are deleted, not kept), most.
select changed._sluice_key
from pg_temp._sluice_changed as changed
left join ops.vanished_row as vanished
    on
        vanished.sink = %(sink)s
        and vanished.key = changed._sluice_key
where
    changed._sluice_operation = 'vanish'
    and (%(deletes)s or vanished.key is null)
order by changed._sluice_key
limit %(most)s
