-- Rejected rows leave quarantine: by a run that reads them again, or since a person sets them aside.

alter table ops.rejected_row
add column settled_at timestamptz,
add column settled_how text,
add column settled_by_dag text,
add column settled_by_run text,
add column settled_why text,
add constraint settled_in_a_known_way check (settled_how in ('loaded', 'set aside')),
add constraint settled_whole check (
    (settled_at is null) = (settled_how is null)
    and (settled_at is null) = (settled_by_dag is null)
    and (settled_at is null) = (settled_by_run is null)
    and (settled_how is distinct from 'set aside') = (settled_why is null)
);

comment on column ops.rejected_row.settled_at is 'When the row left quarantine; null while it waits';
comment on column ops.rejected_row.settled_how is
'loaded: a run has read the same version again and not rejected the row. '
'set aside: a person has given it up, and nothing was loaded';
comment on column ops.rejected_row.settled_by_run is
'The run, of the DAG in settled_by_dag, that has loaded the row or set it aside';
comment on column ops.rejected_row.settled_why is 'What the person wrote who set it aside';

-- What waits is found by sink; what a run rejects again is found among what was set aside.
create index rejected_row_open on ops.rejected_row (sink, file, version, line)
where settled_at is null;

create index rejected_row_set_aside on ops.rejected_row (sink, file, version, coalesce(line, -1))
where settled_how = 'set aside';

-- A line that several runs have rejected is there once, as the last of them saw it. There is no raw
-- text in it, so that charts may read it.
create view ops.open_reject as
select distinct on (rejected.sink, rejected.file, rejected.version, rejected.line)
    rejected.id,
    rejected.dag_id,
    rejected.run_id,
    rejected.sink,
    rejected.file,
    rejected.version,
    rejected.line,
    rejected.column_name,
    rejected.code,
    rejected.reason,
    rejected.rejected_at
from ops.rejected_row as rejected
where rejected.settled_at is null
order by
    rejected.sink asc,
    rejected.file asc,
    rejected.version asc,
    rejected.line asc,
    rejected.id desc;

comment on view ops.open_reject is
'The rows that wait in quarantine: each line of a version once, however many runs have rejected it';

grant update (
    settled_at, settled_how, settled_by_dag, settled_by_run, settled_why
) on ops.rejected_row to sluice_loader;
revoke insert, update, delete on ops.open_reject from sluice_loader;
grant select on ops.open_reject to sluice_charts;
