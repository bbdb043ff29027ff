-- Reads the records of some answers that bear a key.
-- Grain: one such record, in order. Identifiers: records (the statement read_answers.list), paths
-- (of the fields), cells (each found value by its place, null where it is JSON's null), values (each
-- cell's, null where it is none), same_key (condition). Parameters: what read_answers.list needs,
-- what values and same_key bind, most (records).
-- Safe to rerun: reads only.
with
records as ({records}),

extracted as (
    select
        number,
        line,
        record,
        json_extract(record, {paths}) as found
    from records
),

cells as (
    select
        number,
        line,
        record,
        {cells}
    from extracted
),

typed as (
    select
        number,
        line,
        record,
        {values}
    from cells
)

select
    number,
    line,
    cast(record as varchar)
from typed
where {same_key}
order by number, line
limit $most
