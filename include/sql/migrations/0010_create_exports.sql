-- Exports of whole tables: which there are, who works on which table, and how far their changes are.

create table ops.export_table (
    tenant text not null,
    table_name text not null,
    target text not null unique,
    token bigint not null default 0,
    dag_id text,
    run_id text,
    leased_until timestamptz,
    published_version text,
    published_snapshot jsonb,
    applied_version text,
    primary key (tenant, table_name)
);

comment on table ops.export_table is 'One row a tenant and table; it holds the lease on the table';
comment on column ops.export_table.target is 'schema.table that the changes are applied to';
comment on column ops.export_table.token is 'Fencing token: grows with every lease, checked by the commit';
comment on column ops.export_table.run_id is 'The run that holds the lease, or held it last';
comment on column ops.export_table.leased_until is 'End of the lease; null when nobody holds it';
comment on column ops.export_table.published_version is 'The base of the next delta: published whole';
comment on column ops.export_table.published_snapshot is 'Where its rows are: key, sha256, rows, digest';
comment on column ops.export_table.applied_version is 'What the target holds';

create table ops.export (
    tenant text not null,
    table_name text not null,
    version text not null,
    state text not null check (
        state in (
            'waiting', 'complete', 'asked', 'approved', 'refused', 'published', 'applied',
            'superseded', 'failed'
        )
    ),
    files jsonb not null default '{}',
    manifest jsonb,
    expected_files integer not null default 1,
    content_sha256 text,
    base_version text,
    snapshot jsonb,
    publication text,
    delta jsonb,
    counts jsonb,
    cause text,
    registered_at timestamptz not null default clock_timestamp(),
    complete_at timestamptz,
    computed_at timestamptz,
    asked_at timestamptz,
    decided_at timestamptz,
    published_at timestamptz,
    applied_at timestamptz,
    primary key (tenant, table_name, version),
    foreign key (tenant, table_name) references ops.export_table
);

comment on table ops.export is 'One row an export: a tenant, a table and a version';
comment on column ops.export.state is
'waiting for files, complete, asked (a person decides), approved, refused, published, applied, '
'superseded by a newer version, or failed';
comment on column ops.export.files is 'File name to version_id, etag and size of the object';
comment on column ops.export.content_sha256 is 'Digest of names and etags of its files, once complete';
comment on column ops.export.base_version is 'What the delta was worked out from; null of the first';
comment on column ops.export.snapshot is 'Where its rows are: key, sha256, rows, digest';
comment on column ops.export.publication is
'Names the delta: the same operations in the same order have the same';
comment on column ops.export.delta is 'Parts of the delta, and the end record';

create table ops.export_progress (
    tenant text not null,
    table_name text not null,
    version text not null,
    part integer not null,
    progress jsonb not null,
    primary key (tenant, table_name, version, part),
    foreign key (tenant, table_name, version) references ops.export on delete cascade
);

comment on table ops.export_progress is
'What the stream has acknowledged of each part of a delta that is under way';

create table ops.stream_shard (
    stream text not null,
    shard_id text not null,
    sequence_number text,
    closed boolean not null default false,
    read_at timestamptz not null default clock_timestamp(),
    primary key (stream, shard_id)
);

comment on table ops.stream_shard is 'How far each shard of a stream has been read';
comment on column ops.stream_shard.sequence_number is 'The last record that was taken over';
comment on column ops.stream_shard.closed is 'Read to its end, which a split or a merge has set';

create table ops.stream_publication (
    publication_id bigint generated always as identity primary key,
    tenant text not null,
    table_name text not null,
    version text not null,
    publication text not null,
    unique (tenant, table_name, version, publication)
);

comment on table ops.stream_publication is
'Deltas of which records have been read that are not applied yet, by a number; gone with them';

create table ops.stream_change (
    publication_id bigint not null,
    sequence bigint not null,
    operation text not null,
    row_values jsonb not null,
    primary key (publication_id, sequence)
);

comment on table ops.stream_change is
'Operations read from the stream whose version is not whole yet; gone once it is applied';
comment on column ops.stream_change.row_values is
'What the row is afterwards, or the key of one to delete; as the record has it, digit for digit';

create table ops.stream_end (
    publication_id bigint not null references ops.stream_publication on delete cascade,
    stream text not null,
    shard_id text not null,
    record jsonb not null,
    primary key (publication_id, stream, shard_id)
);

comment on table ops.stream_end is 'End records that were read, one a delta and shard';

create schema exports;
comment on schema exports is 'Tables that exports are applied to, one a tenant and table';

grant select on ops.export_table, ops.export to sluice_charts;
