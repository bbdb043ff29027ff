-- What a cleaning makes of a key, each value as canonical text; the rest is not worked out.
-- Grain: one row, or none. Identifiers: texts, columns (each cast to its type), cleaning (a
-- statement), same_key. Parameters: those of same_key.
select {texts}
from (
    select {columns}
    from ({cleaning}) as merged
) as cleaned
where {same_key}
limit 1
