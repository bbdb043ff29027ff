-- The ledger, the quarantine, the outbox, and what is known of each sink.

comment on schema ops is 'What ran, what it counted, what it rejected, and what it has to say';

create table ops.run (
    dag_id text not null,
    run_id text not null,
    sink text not null,
    as_of timestamptz not null,
    status text not null check (status in ('success', 'failed', 'skipped')),
    read bigint not null default 0,
    rejected bigint not null default 0,
    duplicate bigint not null default 0,
    inserted bigint not null default 0,
    updated bigint not null default 0,
    unchanged bigint not null default 0,
    superseded bigint not null default 0,
    deleted bigint not null default 0,
    started_at timestamptz not null,
    finished_at timestamptz not null default clock_timestamp(),
    details jsonb not null default '{}',
    primary key (dag_id, run_id, sink),
    constraint every_row_accounted_for check (
        read = rejected + duplicate + inserted + updated + unchanged + superseded
    )
);

create index run_by_sink on ops.run (sink, as_of desc);

comment on table ops.run is 'The ledger: one row a run and sink';
comment on column ops.run.as_of is 'The moment whose state the run loaded';
comment on column ops.run.deleted is 'Rows deleted in the sink; counted beside the sum';
comment on column ops.run.details is 'Source files with their own counts, rejects by code, warnings';

create table ops.rejected_row (
    id bigint generated always as identity primary key,
    dag_id text not null,
    run_id text not null,
    sink text not null,
    file text not null,
    version text not null,
    line bigint,
    column_name text,
    code text not null,
    reason text not null,
    raw text not null,
    rejected_at timestamptz not null default clock_timestamp()
);

create index rejected_row_by_run on ops.rejected_row (dag_id, run_id, sink);

comment on table ops.rejected_row is 'The quarantine: rows that a run read and did not load';

create table ops.outbox (
    dag_id text not null,
    run_id text not null,
    status text not null,
    subject text not null,
    body text not null,
    attributes jsonb not null,
    written_at timestamptz not null default clock_timestamp(),
    sent_at timestamptz,
    primary key (dag_id, run_id, status)
);

create index outbox_unsent on ops.outbox (dag_id, written_at) where sent_at is null;

comment on table ops.outbox is 'Notices, written with the rows that they tell of, sent after the commit';

create table ops.sink (
    sink text primary key,
    writes bigint not null default 0,
    writes_at_load bigint,
    as_of timestamptz,
    content_sha256 text,
    row_count bigint
);

comment on table ops.sink is 'One row a table that Sluice loads; its row lock is the lock on the table';
comment on column ops.sink.writes is 'Statements that wrote to the table, by whomever';
comment on column ops.sink.writes_at_load is 'writes when the last load ended';
comment on column ops.sink.as_of is 'The newest moment that was loaded';
comment on column ops.sink.content_sha256 is 'Digest of the snapshot loaded for as_of';
comment on column ops.sink.row_count is 'Rows of that snapshot';

create table ops.vanished_row (
    sink text not null,
    key jsonb not null,
    last_seen timestamptz not null,
    primary key (sink, key)
);

comment on table ops.vanished_row is
'Keys that a table keeps although its newest snapshot has them no more';
comment on column ops.vanished_row.last_seen is 'as_of of the newest snapshot that had the key';

-- Before the statement, so that a foreign writer queues for the lock on the table before it
-- locks rows: the other order would deadlock with a load.
create function ops.count_write() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into ops.sink (sink, writes)
    values (tg_table_schema || '.' || tg_table_name, 1)
    on conflict (sink) do update set writes = ops.sink.writes + 1;
    return null;
end
$$;

create function ops.watch(target regclass) returns void
language plpgsql set search_path = '' as $$
begin
    execute pg_catalog.format(
        'create trigger count_write before insert or update or delete or truncate on %s '
        'for each statement execute function ops.count_write()',
        target
    );
end
$$;

comment on function ops.watch(regclass) is
'Counts statements that write to a table, so that a load knows whether anybody else has changed it';

-- Roles belong to the whole server; another database of it may have made this one already.
do $$
begin
    create role sluice_charts nologin;
exception
    when duplicate_object or unique_violation then null;
end
$$;

grant usage on schema ops to sluice_charts;
grant select on ops.run to sluice_charts;
