-- name: tables
-- Tables of which a version is published that their target has not. Grain: one row a table.
select distinct
    tenant,
    table_name
from ops.export
where state = 'published'
order by tenant, table_name


-- name: table
-- What is known of an exported table. Grain: one row, none of an unknown table.
-- Parameters: tenant, table_name.
select
    applied_version,
    published_version,
    published_snapshot
from ops.export_table
where
    tenant = %(tenant)s
    and table_name = %(table_name)s


-- name: published
-- Versions of a table that are published and not applied; which of them have been read whole, the
-- end record and the number of kept operations say. Grain: one row a version.
-- Parameters: tenant, table_name.
select
    published.version,
    published.published_at,
    published.publication,
    published.counts,
    published.snapshot,
    read.publication_id,
    (
        select ended.record
        from ops.stream_end as ended
        where ended.publication_id = read.publication_id
        limit 1
    ) as record,
    (
        select count(*)
        from ops.stream_change as change
        where change.publication_id = read.publication_id
    ) as kept
from ops.export as published
left join ops.stream_publication as read
    on
        published.tenant = read.tenant
        and published.table_name = read.table_name
        and published.version = read.version
        and published.publication = read.publication
where
    published.tenant = %(tenant)s
    and published.table_name = %(table_name)s
    and published.state = 'published'
order by published.published_at, published.version


-- name: lock
-- The publications that are settled, so that no reader adds to them meanwhile: all of a version that
-- is applied, and those of versions before it. Grain: one row a publication.
-- Parameters: tenant, table_name, versions, newest (version).
select publication_id
from ops.stream_publication
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and (
        version = any(%(versions)s::text [])
        or version collate "C" < %(newest)s
    )
    and not exists (
        select 1
        from ops.export as published
        where
            published.tenant = stream_publication.tenant
            and published.table_name = stream_publication.table_name
            and published.version = stream_publication.version
            and published.state = 'published'
            and not published.version = any(%(versions)s::text [])
    )
order by publication_id
for update


-- name: clear
-- Operations that are applied, or never will be. Parameters: publication_ids.
delete from ops.stream_change
where publication_id = any(%(publication_ids)s::bigint [])


-- name: forget
-- Their publications, with the ends. Parameters: publication_ids.
delete from ops.stream_publication
where publication_id = any(%(publication_ids)s::bigint [])


-- name: apply
-- Versions that the target has now. Parameters: tenant, table_name, versions.
update ops.export
set
    state = 'applied',
    applied_at = clock_timestamp()
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and version = any(%(versions)s::text [])


-- name: advance
-- What the target holds. Parameters: tenant, table_name, newest (version).
update ops.export_table
set applied_version = %(newest)s
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
