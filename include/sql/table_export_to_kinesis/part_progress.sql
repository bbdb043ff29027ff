-- name: find
-- What the stream has acknowledged of a part.
-- Grain: one row, or none at the beginning. Parameters: tenant, table_name, version, part.
select progress
from ops.export_progress
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and version = %(version)s
    and part = %(part)s


-- name: keep
-- What the stream has acknowledged of a part, if the holder still holds the table.
-- No row when it was let go, or the token has been passed on.
-- Parameters: tenant, table_name, token, version, part, progress.
insert into ops.export_progress (tenant, table_name, version, part, progress)
select
    tenant,
    table_name,
    %(version)s,
    %(part)s,
    %(progress)s
from ops.export_table
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and token = %(token)s
    and leased_until is not null
on conflict (tenant, table_name, version, part) do update
set progress = excluded.progress


-- name: forget
-- A version that is published or superseded needs no marks. Parameters: tenant, table_name, version.
delete from ops.export_progress
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and version = %(version)s
