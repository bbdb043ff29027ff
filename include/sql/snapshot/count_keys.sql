-- Counts the rows of a typed file, and how many distinct values some of its columns have together.
-- Grain: one row. Parameters: relation, columns.
-- Safe to rerun: reads only.
select
    count(*) as row_count,
    count(distinct ({columns})) as value_count
from {relation}
