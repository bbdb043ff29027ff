-- name: find
-- Finds the rows that differ, by key and digest alone.
-- Grain: one row that was inserted, updated or deleted. Identifiers: keys (of either side),
-- first_key, base, newest (relations), same_key (a condition).
-- Safe to rerun: reads only.
select
    {keys},
    case
        when base.{first_key} is null then 'INSERT'
        when newest.{first_key} is null then 'DELETE'
        else 'UPDATE'
    end as _sluice_operation
from {base} as base
full outer join {newest} as newest on {same_key}
where
    base.{first_key} is null
    or newest.{first_key} is null
    or base._sluice_digest <> newest._sluice_digest
    or base._sluice_digest_rest <> newest._sluice_digest_rest


-- name: fetch
-- Both sides of the rows that differ.
-- Grain: one row that was inserted, updated or deleted. Identifiers: keys, before, after (columns),
-- changed (what was found), base, newest (relations), in_base, in_newest (conditions).
-- Safe to rerun: reads only.
select
    changed._sluice_operation,
    {keys},
    {before},
    {after}
from {changed} as changed
left join {base} as base on {in_base}
left join {newest} as newest on {in_newest}


-- name: fetch_first
-- All rows of a first export, as inserted.
-- Grain: one row. Identifiers: keys, before (nulls), after (columns), newest (a relation).
-- Safe to rerun: reads only.
select
    'INSERT' as _sluice_operation,
    {keys},
    {before},
    {after}
from {newest} as newest
