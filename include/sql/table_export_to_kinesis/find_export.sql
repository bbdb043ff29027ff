-- name: by_version
-- One export. Grain: one row or none. Identifiers: columns. Parameters: tenant, table_name, version.
select {columns}
from ops.export
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and version = %(version)s
for update


-- name: newest_taking
-- A version as it was taken last: by itself, or again under a number behind !.
-- Grain: one row or none. Identifiers: columns. Parameters: tenant, table_name, version.
select {columns}
from ops.export
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and split_part(version, '!', 1) = %(version)s
order by version collate "C" desc
limit 1
for update


-- name: these
-- Some versions of a table, as they are now; others may go on with them.
-- Grain: one row a version that there is. Identifiers: columns.
-- Parameters: tenant, table_name, versions.
-- Safe to rerun: reads only.
select {columns}
from ops.export
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and version = any(%(versions)s)


-- name: newest_names
-- The newest versions of a table by name.
-- Grain: one version, the newest first. Parameters: tenant, table_name, most.
-- Safe to rerun: reads only.
select version
from ops.export
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
order by version collate "C" desc
limit %(most)s


-- name: of_object
-- The export that an object version is a file of, as it was taken last.
-- Grain: one row or none. Identifiers: columns. Parameters: key, version_id.
-- Safe to rerun: reads only.
select {columns}
from ops.export
where
    exists (
        select 1
        from jsonb_each(files) as file
        where
            file.value ->> 'key' = %(key)s
            and file.value ->> 'version_id' = %(version_id)s
    )
order by version collate "C" desc
limit 1


-- name: left
-- The oldest version of each table that waits for a run, where no run has the table.
-- Grain: one row a table. Identifiers: columns.
-- Parameters: tenant, table_name (of all tables where they are null), before (younger ones may
-- have their run under way; null takes all).
select distinct on (tenant, table_name) {columns}
from ops.export
where
    state in ('complete', 'approved')
    and (%(tenant)s::text is null or (tenant, table_name) = (%(tenant)s, %(table_name)s))
    and (%(before)s::timestamptz is null or coalesce(decided_at, complete_at) < %(before)s)
    and not exists (
        select 1
        from ops.export_table
        where
            export_table.tenant = export.tenant
            and export_table.table_name = export.table_name
            and export_table.leased_until >= clock_timestamp()
    )
order by
    tenant,
    table_name,
    version collate "C"


-- name: asked
-- The versions that wait for a person.
-- Grain: one row a table at most. Identifiers: columns.
-- Parameters: before (younger ones may have their run under way).
select {columns}
from ops.export
where
    state = 'asked'
    and asked_at < %(before)s
order by
    tenant,
    table_name
