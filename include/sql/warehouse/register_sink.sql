-- Makes sure that a table has its row to lock. Parameters: sink.
insert into ops.sink (sink)
values (%(sink)s)
on conflict (sink) do nothing
