-- Whether the ledger knows a run of a sink: then there is one row. Parameters: sink.
select
from ops.run
where sink = %(sink)s
limit 1
