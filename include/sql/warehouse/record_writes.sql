-- Whatever has been written to a table until now is known to this load. Parameters: sink.
update ops.sink
set writes_at_load = writes
where sink = %(sink)s
