-- name: empty
-- Forgets what an earlier try of this run rejected.
delete from ops.rejected_row
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and sink = %(sink)s


-- name: fill
-- Rejected rows, as one JSON array. The caller has emptied the run's quarantine in the same
-- transaction. Grain: one row a rejected row. Parameters: dag_id, run_id, sink, rows.
insert into ops.rejected_row (
    dag_id, run_id, sink, file, version, line, column_name, code, reason, raw
)
select
    %(dag_id)s,
    %(run_id)s,
    %(sink)s,
    rejected.file,
    rejected.version,
    rejected.line,
    rejected.column_name,
    rejected.code,
    rejected.reason,
    rejected.raw
from
    jsonb_to_recordset(%(rows)s::jsonb) as rejected (
        file text,
        version text,
        line bigint,
        column_name text,
        code text,
        reason text,
        raw text
    )
