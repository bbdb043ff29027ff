-- name: table
-- Makes sure that a table has its row, unless its target is another table's.
-- Parameters: tenant, table_name, target.
insert into ops.export_table (tenant, table_name, target)
values (%(tenant)s, %(table_name)s, %(target)s)
on conflict do nothing


-- name: lock
-- Takes the row of a table, so that files of its exports are entered one run after the other.
-- Grain: one row; none when the target is another table's. Parameters: tenant, table_name.
select published_version
from ops.export_table
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
for no key update


-- name: export
-- Enters an export, or the files that it has by now. What was worked out of it before is of no
-- more use. Parameters: tenant, table_name, version, state, files, manifest, expected_files,
-- content_sha256.
insert into ops.export (
    tenant, table_name, version, state, files, manifest, expected_files, content_sha256,
    complete_at
)
values (
    %(tenant)s, %(table_name)s, %(version)s, %(state)s, %(files)s, %(manifest)s,
    %(expected_files)s, %(content_sha256)s,
    case when %(state)s = 'complete' then clock_timestamp() end
)
on conflict (tenant, table_name, version) do update
set
    state = excluded.state,
    files = excluded.files,
    manifest = excluded.manifest,
    expected_files = excluded.expected_files,
    content_sha256 = excluded.content_sha256,
    complete_at = coalesce(export.complete_at, excluded.complete_at),
    cause = null
