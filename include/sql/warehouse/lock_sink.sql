-- Takes the lock on a table and tells what is known of it. Parameters: sink.
select
    writes,
    writes_at_load,
    as_of,
    content_sha256,
    row_count
from ops.sink
where sink = %(sink)s
for update
