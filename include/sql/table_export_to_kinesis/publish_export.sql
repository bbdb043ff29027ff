-- name: publish
-- A version that was published whole becomes the base of the next delta, if it was made of the base
-- that is there. No row when it was not, or when the token has been passed on.
-- Parameters: tenant, table_name, version, token.
update ops.export_table
set
    published_version = export.version,
    published_snapshot = export.snapshot
from ops.export
where
    export_table.tenant = %(tenant)s
    and export_table.table_name = %(table_name)s
    and export_table.token = %(token)s
    and export.tenant = export_table.tenant
    and export.table_name = export_table.table_name
    and export.version = %(version)s
    and export.base_version is not distinct from export_table.published_version


-- name: release_run
-- A run that has ended holds no table. Parameters: dag_id, run_id.
update ops.export_table
set leased_until = null
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and leased_until is not null
