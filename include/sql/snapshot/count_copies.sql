-- Counts the exact copies of an earlier row.
-- Grain: one number. Parameters: repeated.
-- Safe to rerun: reads only.
select count(*) as copies
from {repeated}
where not is_conflict and not is_first
