-- name: null
-- How many rows of the snapshot lack a value that the table demands. Identifiers: column.
select count(*)
from cleaned
where {column} is null


-- name: min_length
-- How many rows of the snapshot have a text of fewer characters than the column asks.
-- Identifiers: column. Parameters: asked.
select count(*)
from cleaned
where length({column}) < $asked


-- name: max_length
-- How many rows of the snapshot have a text of more characters than the column allows.
-- Identifiers: column. Parameters: asked.
select count(*)
from cleaned
where length({column}) > $asked


-- name: pattern
-- How many rows of the snapshot have a text that does not match the column's pattern as a whole.
-- Identifiers: column. Parameters: asked.
select count(*)
from cleaned
where not regexp_full_match({column}, $asked)


-- name: minimum
-- How many rows of the snapshot have a value below the column's minimum.
-- Identifiers: column, type. Parameters: asked (the minimum as canonical text).
select count(*)
from cleaned
where {column} < cast($asked as {type})


-- name: maximum
-- How many rows of the snapshot have a value above the column's maximum.
-- Identifiers: column, type. Parameters: asked (the maximum as canonical text).
select count(*)
from cleaned
where {column} > cast($asked as {type})


-- name: enum
-- How many rows of the snapshot have a value that the column does not allow.
-- Identifiers: column, type. Parameters: asked (the allowed values as canonical texts).
select count(*)
from cleaned
where {column} not in (select unnest(cast($asked as {type} [])))


-- name: count_values
-- Each value of a column, and how many rows of the snapshot have it. Identifiers: column.
select
    {column},
    count(*)
from cleaned
where {column} is not null
group by {column}
