-- Rows whose key may be too long for an index, with the bytes of each text in it.
-- Grain: one row of the relation, in order of line. Identifiers: relation, line (of a row, or
-- null), bytes (of each text), total. Parameters: least.
select
    {line},
    [{bytes}]
from {relation} as keyed
where {total} > $least
order by 1
