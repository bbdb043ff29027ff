-- Lists a file's good rows in order of key, as they go to other tasks.
-- Grain: one row of the file. Parameters: relation, values (each column as text), key.
-- Safe to rerun: reads only, and the same rows come in the same order.
select
    _line,
    {values}
from {relation}
order by {relation}.{key}
