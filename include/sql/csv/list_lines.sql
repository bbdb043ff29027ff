-- Lists the lines of the rows that are left once keys are settled.
-- Grain: one row, in the file's order. Parameters: relation.
-- Safe to rerun: reads only.
select _line
from {relation}
order by _line
