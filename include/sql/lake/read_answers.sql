-- name: list
-- The records of some answers of an API, each as JSON without blanks. An answer that is no JSON is
-- an error, one whose list is absent has none.
-- Grain: one record, its line from 1 in its answer. Identifiers: records (an expression over body).
-- Parameters: globs (patterns that match the files alone), paths and numbers (of the files).
-- Safe to rerun: reads only.
with
files as (
    select
        list_position(cast($paths as varchar []), filename) as place,
        -- a byte-order mark is no part of JSON: https://www.rfc-editor.org/rfc/rfc8259#section-8.1
        if(starts_with(content, chr(65279)), ltrim(content, chr(65279)), content) as body
    from read_text($globs)
),

answers as (
    select
        place,
        $numbers[place] as number,
        {records} as records
    from files
)

select
    place,
    number,
    unnest(records) as record,
    generate_subscripts(records, 1) as line
from answers


-- name: check
-- What an answer is: whether it is text, whether it is JSON, what it is as a whole, and what its
-- list of records is.
-- Grain: one row. Identifiers: where (the path of its list). Parameters: globs (a pattern that
-- matches the file alone).
-- Safe to rerun: reads only.
select
    body is not null,
    coalesce(json_valid(body), false),
    case when json_valid(body) then json_type(body) end,
    case when json_valid(body) then json_type(body, {where}) end
from (
    select ltrim(try(decode(content)), chr(65279)) as body
    from read_blob($globs)
) as files
