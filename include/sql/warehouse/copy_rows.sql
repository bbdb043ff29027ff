-- Rows of a snapshot into a table: CSV in which null is the bare empty cell.
-- Identifiers: table, columns. Fails on a key that is there already.
copy {table} ({columns})
from stdin with (format csv, null '')
