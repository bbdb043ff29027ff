-- A row that waits in quarantine says since when: whoever counts what waits, or what is new, asks the
-- view.
create or replace view ops.open_reject as
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
    rejected.rejected_at,
    min(rejected.rejected_at) over (
        partition by rejected.sink, rejected.file, rejected.version, rejected.line
    ) as waits_since
from ops.rejected_row as rejected
where rejected.settled_at is null
order by
    rejected.sink asc,
    rejected.file asc,
    rejected.version asc,
    rejected.line asc,
    rejected.id desc;

comment on column ops.open_reject.waits_since is 'When a run rejected the line first';
