-- Deletes exact copies of an earlier row, and every row whose key has other values elsewhere.
-- Grain: one row of the file. Parameters: relation, repeated.
-- Safe to rerun: deletes nothing the second time.
delete from {relation}
where _sluice_line in (select _sluice_line from {repeated} where is_conflict or not is_first)
