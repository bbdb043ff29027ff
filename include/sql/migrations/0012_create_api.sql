-- Hours of datasets that come from APIs: what was asked, what is in the lake, what is missing.

create table ops.api_call (
    dataset text not null,
    as_of timestamptz not null,
    call text not null,
    clock_hour timestamptz not null,
    asked integer not null default 0,
    answered integer not null default 0,
    problem text,
    primary key (dataset, as_of, call)
);

comment on table ops.api_call is 'One row a question to an API and hour: how often it was asked';
comment on column ops.api_call.as_of is 'The hour that is asked for';
comment on column ops.api_call.clock_hour is 'The hour of the clock in which asked and answered count';
comment on column ops.api_call.answered is 'Requests among those asked that had a proper answer';
comment on column ops.api_call.problem is 'Why there is no answer; null where there is one';

create table ops.api_pace (
    dataset text primary key,
    next_at timestamptz not null
);

comment on table ops.api_pace is 'When an API may be asked next, by all runs of a dataset together';

create table ops.api_hour (
    dataset text not null,
    as_of timestamptz not null,
    state text not null check (state in ('complete', 'partial', 'skipped')),
    missing text [] not null default '{}',
    problem text,
    new_fields text [] not null default '{}',
    planned jsonb,
    published_at timestamptz,
    stored_at timestamptz not null default clock_timestamp(),
    primary key (dataset, as_of)
);

comment on table ops.api_hour is 'One row a dataset and hour that a run has asked for';
comment on column ops.api_hour.state is
'complete: all calls have answers; partial: some have; skipped: none has';
comment on column ops.api_hour.missing is 'Calls without an answer';
comment on column ops.api_hour.problem is 'Why the first of them has none';
comment on column ops.api_hour.new_fields is 'Paths in the answers that the dataset does not declare';
comment on column ops.api_hour.planned is
'What a run is about to change in the lake, until its ledger row says so';
comment on column ops.api_hour.published_at is 'When the hour was in the table of the lake last';

-- Gaps between the first hour of a dataset and its newest, and hours with less than all answers.
create view ops.missed_hour as
select
    span.dataset,
    hour.as_of,
    case
        when found.state is null then 'no run has stored it'
        when found.state = 'skipped' then 'skipped'
        when found.published_at is null then 'stored, and not in the table'
        else 'partial'
    end as why,
    coalesce(found.missing, '{}') as missing,
    found.problem
from (
    select
        dataset,
        min(as_of) as oldest,
        max(as_of) as newest
    from ops.api_hour
    group by dataset
) as span
cross join lateral generate_series(span.oldest, span.newest, interval '1 hour') as hour (as_of)
left join ops.api_hour as found
    on span.dataset = found.dataset and hour.as_of = found.as_of
where found.state is distinct from 'complete' or found.published_at is null;

comment on view ops.missed_hour is
'Hours that a table of the lake lacks, whole or in part, since the first hour of its dataset';

grant select on ops.api_hour, ops.missed_hour to sluice_charts;
