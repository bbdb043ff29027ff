-- An empty table keeps nothing. Parameters: sink.
delete from ops.vanished_row
where sink = %(sink)s
