-- Counts the texts of a column, and how many of them are days or numbers as DuckDB reads them.
-- Grain: one row. Parameters: relation, column.
-- Safe to rerun: reads only.
select
    count({column}) as texts,
    count(try_cast({column} as date)) as days,
    count(try_cast({column} as double)) as numbers
from {relation}
