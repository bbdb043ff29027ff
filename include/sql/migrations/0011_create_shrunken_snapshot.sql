-- Snapshots that lack more rows than their dataset allows, and what a person said of each.

create table ops.shrunken_snapshot (
    sink text not null,
    base_sha256 text not null,
    content_sha256 text not null,
    state text not null check (state in ('asked', 'approved', 'refused', 'expired', 'loaded')),
    times integer not null default 1,
    as_of timestamptz not null,
    rows_before bigint not null,
    row_count bigint not null,
    missing bigint not null,
    dag_id text not null,
    run_id text not null,
    asked_at timestamptz not null default clock_timestamp(),
    decided_at timestamptz,
    decided_by text,
    primary key (sink, base_sha256, content_sha256)
);

comment on table ops.shrunken_snapshot is
'One row a snapshot that a person is asked about, and the snapshot that it would follow';
comment on column ops.shrunken_snapshot.base_sha256 is
'Digest of the snapshot that the table held; empty where it held none';
comment on column ops.shrunken_snapshot.content_sha256 is 'Digest of the snapshot in question';
comment on column ops.shrunken_snapshot.state is
'asked, approved, refused, expired (nobody answered in time), or loaded after an approval';
comment on column ops.shrunken_snapshot.times is 'How often it has been asked about';
comment on column ops.shrunken_snapshot.as_of is 'The moment that an approval loads';
comment on column ops.shrunken_snapshot.missing is 'Rows that would go, as the person was told';
comment on column ops.shrunken_snapshot.run_id is 'The run that asked, of the DAG in dag_id';
comment on column ops.shrunken_snapshot.decided_by is 'Who answered, as Airflow names them';

grant select on ops.shrunken_snapshot to sluice_charts;
