-- Lists the lines of the rows that are left once keys are deduplicated.
-- Grain: one row, in the file's order. Parameters: relation.
-- Safe to rerun: reads only.
select _sluice_line
from {relation}
order by _sluice_line
