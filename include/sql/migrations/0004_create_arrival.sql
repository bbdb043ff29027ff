-- Files that land in S3: what has been processed, and rows delivered to queues and items.

alter table ops.run add column delivered bigint not null default 0;

alter table ops.run drop constraint every_row_accounted_for;

alter table ops.run add constraint every_row_accounted_for check (
    read = rejected + duplicate + inserted + updated + unchanged + superseded + delivered
);

comment on column ops.run.delivered is 'Rows that a queue, a stream or a table of items has acknowledged';

create table ops.arrival (
    pipeline text not null,
    bucket text not null,
    key text not null,
    version_id text not null,
    etag text not null,
    size bigint not null,
    sequencer text,
    stored_at timestamptz not null,
    found_by text not null check (found_by in ('event', 'sweep', 'hand')),
    state text not null check (state in ('claimed', 'done', 'failed')),
    dag_id text not null,
    run_id text not null,
    token bigint not null default 1,
    claimed_until timestamptz,
    attempts integer not null default 1,
    file_order text not null,
    progress jsonb,
    counts jsonb,
    cause text,
    first_seen_at timestamptz not null default clock_timestamp(),
    changed_at timestamptz not null default clock_timestamp(),
    primary key (pipeline, bucket, key, version_id)
);

create index arrival_by_run on ops.arrival (dag_id, run_id);

comment on table ops.arrival is
'The registry: one row a pipeline and object version, so that each is processed once';
comment on column ops.arrival.sequencer is 'From the event; orders events of one key only';
comment on column ops.arrival.stored_at is 'When S3 took the object';
comment on column ops.arrival.run_id is 'The run that holds it, or held it last';
comment on column ops.arrival.token is 'Fencing token: grows with every claim, checked by every write';
comment on column ops.arrival.claimed_until is 'End of the lease; after it another run may claim';
comment on column ops.arrival.attempts is 'Runs that have claimed it';
comment on column ops.arrival.file_order is 'Greater for a later file, whatever its key';
comment on column ops.arrival.progress is 'What the sink has acknowledged so far';
comment on column ops.arrival.counts is 'Where its rows have gone, once it is done';

grant select on ops.arrival to sluice_charts;
