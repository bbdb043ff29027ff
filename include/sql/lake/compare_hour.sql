-- name: compare
-- Counts what differs between the records of an hour and the rows of it that a file has, by key.
-- Grain: one row. Identifiers: base (its columns in the types of today, null where it has none),
-- columns, matched (condition), differs (condition). Parameters: globs (a pattern that matches the
-- file alone), as_of.
-- Safe to rerun: reads only.
with
base as (
    select
        {base},
        true as is_there
    from read_parquet($globs)
    where as_of = $as_of
),

newest as (
    select
        {columns},
        true as is_there
    from records
    where as_of = $as_of
)

select
    count(*) filter (where base.is_there is null),
    count(*) filter (where base.is_there and newest.is_there and ({differs})),
    count(*) filter (where base.is_there and newest.is_there and not ({differs})),
    count(*) filter (where newest.is_there is null)
from newest
full outer join base on {matched}


-- name: count
-- Counts the records of an hour.
-- Grain: one row. Parameters: as_of.
-- Safe to rerun: reads only.
select count(*)
from records
where as_of = $as_of
