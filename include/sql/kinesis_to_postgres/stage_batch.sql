-- name: judge
-- What becomes of the records of a publication: nobody knows its export (foreign), the target has
-- it or never will (done), or they are kept until it is whole (stage).
-- Grain: one row a publication of the batch.
-- Parameters: publications, a JSON array of tenant, table_name, version and publication.
select
    asked.tenant,
    asked.table_name,
    asked.version,
    asked.publication,
    case
        when known.state is null then 'foreign'
        when known.state in ('applied', 'superseded', 'refused') then 'done'
        else 'stage'
    end as fate
from
    jsonb_to_recordset(%(publications)s::jsonb) as asked (
        tenant text,
        table_name text,
        version text,
        publication text
    )
left join ops.export as known
    on
        asked.tenant = known.tenant
        and asked.table_name = known.table_name
        and asked.version = known.version


-- name: number
-- Publications that records are kept of, in one order, so that two readers wait for each other.
-- Grain: one row a publication. Parameters: publications, as above.
insert into ops.stream_publication (tenant, table_name, version, publication)
select
    asked.tenant,
    asked.table_name,
    asked.version,
    asked.publication
from
    jsonb_to_recordset(%(publications)s::jsonb) as asked (
        tenant text,
        table_name text,
        version text,
        publication text
    )
order by asked.tenant, asked.table_name, asked.version, asked.publication
on conflict (tenant, table_name, version, publication) do nothing


-- name: find
-- The number of a publication. Grain: one row. Parameters: tenant, table_name, version, publication.
select publication_id
from ops.stream_publication
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and version = %(version)s
    and publication = %(publication)s
for key share


-- name: create
-- Where a batch arrives. Grain: one row an operation, some of which may have been read before.
create temporary table _sluice_read (
    publication_id bigint,
    sequence bigint,
    operation text,
    row_values jsonb
) on commit drop


-- name: copy
-- Operations as CSV.
copy pg_temp._sluice_read (publication_id, sequence, operation, row_values)
from stdin with (format csv)


-- name: keep
-- Operations that were not read before. Grain: one row an operation of a publication.
insert into ops.stream_change (publication_id, sequence, operation, row_values)
select
    publication_id,
    sequence,
    operation,
    row_values
from pg_temp._sluice_read
on conflict (publication_id, sequence) do nothing


-- name: end
-- The end of a publication in a shard. Parameters: publication_id, stream, shard_id, record.
insert into ops.stream_end (publication_id, stream, shard_id, record)
values (%(publication_id)s, %(stream)s, %(shard_id)s, %(record)s)
on conflict (publication_id, stream, shard_id) do nothing


-- name: awaited
-- How many publications have not ended in a shard.
-- Grain: one row. Parameters: publications, as above, stream, shard_id.
select count(*)
from
    jsonb_to_recordset(%(publications)s::jsonb) as asked (
        tenant text,
        table_name text,
        version text,
        publication text
    )
left join ops.stream_publication as read
    on
        asked.tenant = read.tenant
        and asked.table_name = read.table_name
        and asked.version = read.version
        and asked.publication = read.publication
left join ops.stream_end as ended
    on
        read.publication_id = ended.publication_id
        and ended.stream = %(stream)s
        and ended.shard_id = %(shard_id)s
inner join ops.export as known
    on
        asked.tenant = known.tenant
        and asked.table_name = known.table_name
        and asked.version = known.version
where
    known.state = 'published'
    and ended.shard_id is null
