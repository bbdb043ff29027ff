-- A large file is delivered in parts, side by side: each keeps its own progress.

create table ops.arrival_progress (
    pipeline text not null,
    bucket text not null,
    key text not null,
    version_id text not null,
    part integer not null,
    progress jsonb not null,
    primary key (pipeline, bucket, key, version_id, part),
    foreign key (pipeline, bucket, key, version_id) references ops.arrival on delete cascade
);

comment on table ops.arrival_progress is
'What the sink has acknowledged of each part of a file that is under way';
comment on column ops.arrival_progress.part is '0 for a file that one task delivers';
comment on column ops.arrival.progress is
'No longer written: tasks that were under way when parts came in still write it';

grant select on ops.arrival_progress to sluice_charts;
