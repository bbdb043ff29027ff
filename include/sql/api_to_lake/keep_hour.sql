-- name: stored
-- Enters which answers an hour has. Parameters: dataset, as_of, state, missing, problem.
insert into ops.api_hour as hour (dataset, as_of, state, missing, problem)
values (%(dataset)s, %(as_of)s, %(state)s, %(missing)s, %(problem)s)
on conflict (dataset, as_of) do update
set
    state = excluded.state,
    missing = excluded.missing,
    problem = excluded.problem,
    stored_at = clock_timestamp()


-- name: skips
-- How many hours in a row have no answer, up to and with one. Hours that no run has stored count.
-- Grain: one row. Parameters: dataset, as_of.
select
    coalesce(
        extract(epoch from %(as_of)s - max(as_of) filter (where state <> 'skipped')) / 3600,
        extract(epoch from %(as_of)s - min(as_of)) / 3600 + 1
    )::int
from ops.api_hour
where
    dataset = %(dataset)s
    and as_of <= %(as_of)s


-- name: plan
-- Enters what a run is about to change in the lake. Parameters: dataset, as_of, planned.
update ops.api_hour
set planned = %(planned)s
where
    dataset = %(dataset)s
    and as_of = %(as_of)s


-- name: planned
-- What a run was about to change in the lake when it ended without a ledger row.
-- Grain: one row. Parameters: dataset, as_of.
select planned
from ops.api_hour
where
    dataset = %(dataset)s
    and as_of = %(as_of)s


-- name: published
-- Enters that an hour is in the lake; returns which of its new fields no other hour of the day had.
-- What another run has planned stays for its next try. Grain: one row.
-- Parameters: dataset, as_of, new_fields, dag_id, run_id.
with
reported as (
    select unnest(new_fields) as path
    from ops.api_hour
    where
        dataset = %(dataset)s
        and as_of <> %(as_of)s
        and date_trunc('day', as_of) = date_trunc('day', %(as_of)s::timestamptz)
)

update ops.api_hour
set
    planned = case
        when planned @> jsonb_build_object('dag_id', %(dag_id)s::text, 'run_id', %(run_id)s::text)
        then null
        else planned
    end,
    published_at = clock_timestamp(),
    new_fields = %(new_fields)s
where
    dataset = %(dataset)s
    and as_of = %(as_of)s
returning array(
    select path
    from unnest(%(new_fields)s::text []) as path
    where path not in (select reported.path from reported)
    order by path
)
