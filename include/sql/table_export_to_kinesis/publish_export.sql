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
