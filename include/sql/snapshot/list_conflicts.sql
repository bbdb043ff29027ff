-- Lists the lines of rows whose key has other values elsewhere.
-- Grain: one such row, in the file's order. Parameters: repeated.
-- Safe to rerun: reads only.
select _sluice_line
from {repeated}
where is_conflict
order by _sluice_line
