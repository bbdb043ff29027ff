-- The newest moment that a run has loaded into a sink.
-- Grain: one row. Parameters: sink.
select max(as_of) as as_of
from ops.run
where
    sink = %(sink)s
    and status = 'success'
