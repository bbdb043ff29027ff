-- name: tables
-- Tables of which versions are published that their target has not, and these versions.
-- Grain: one row a table.
select
    tenant,
    table_name,
    jsonb_agg(
        jsonb_build_object('version', version, 'publication', publication)
        order by published_at, version
    ) as awaited
from ops.export
where state = 'published'
group by tenant, table_name
order by tenant, table_name


-- name: applied
-- What the target of a table holds. Grain: one row, none of an unknown table.
-- Parameters: tenant, table_name.
select applied_version
from ops.export_table
where
    tenant = %(tenant)s
    and table_name = %(table_name)s


-- name: newest
-- The newest version of a table that was published whole, with its rows and its end record, and all
-- versions that are published: it has what they have changed. Grain: one row, none without one.
-- Parameters: tenant, table_name.
select
    known.published_version as version,
    known.published_snapshot as snapshot,
    newest.published_at,
    newest.publication,
    newest.counts,
    newest.snapshot ->> 'digest' as digest,
    newest.delta -> 'end' as record,
    array(
        select published.version
        from ops.export as published
        where
            published.tenant = known.tenant
            and published.table_name = known.table_name
            and published.state = 'published'
    ) as versions
from ops.export_table as known
inner join ops.export as newest
    on
        known.tenant = newest.tenant
        and known.table_name = newest.table_name
        and known.published_version = newest.version
where
    known.tenant = %(tenant)s
    and known.table_name = %(table_name)s
    and known.published_snapshot is not null


-- name: published
-- Versions of a table that are published and not applied; which of them have been read whole, the
-- end record and the number of kept operations say. Grain: one row a version.
-- Parameters: tenant, table_name.
select
    published.version,
    published.published_at,
    published.publication,
    published.counts,
    published.snapshot ->> 'digest' as digest,
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
-- The publications that are settled, so that no reader adds to them meanwhile: all of versions that
-- are applied, and of older ones that are not published. Grain: one row a publication.
-- Parameters: tenant, table_name, versions, newest (version).
select read.publication_id
from ops.stream_publication as read
left join ops.export as known
    on
        read.tenant = known.tenant
        and read.table_name = known.table_name
        and read.version = known.version
where
    read.tenant = %(tenant)s
    and read.table_name = %(table_name)s
    and (
        read.version = any(%(versions)s::text [])
        or (read.version collate "C" < %(newest)s and known.state <> 'published')
    )
order by read.publication_id
for update of read


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
