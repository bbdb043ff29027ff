-- name: columns
-- Columns of a table that is there, and whether they are of its key. Grain: one row a column.
-- Parameters: schema, name.
select
    attribute.attname,
    format_type(attribute.atttypid, null) as type,
    coalesce(attribute.attnum = any(key.conkey), false) as is_key
from pg_attribute as attribute
inner join pg_class as relation on attribute.attrelid = relation.oid
inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
left join pg_constraint as key
    on
        relation.oid = key.conrelid
        and key.contype = 'p'
where
    namespace.nspname = %(schema)s
    and relation.relname = %(name)s
    and attribute.attnum > 0
    and not attribute.attisdropped
order by attribute.attnum


-- name: lock
-- One maker of a table at a time, until the transaction ends. Parameters: sink.
select pg_advisory_xact_lock(hashtextextended('sluice target ' || %(sink)s, 0))


-- name: create_schema
-- Where targets are. Safe to rerun: nothing happens where it exists. Identifiers: schema.
create schema if not exists {schema}


-- name: create_table
-- A target as its declaration has it. Identifiers: target, definitions, key.
create table {target} (
    {definitions},
    primary key ({key})
)


-- name: watch
-- Counts what is written to it, and lets charts read it. Parameters: target.
select ops.watch(%(target)s::regclass)


-- name: add_column
-- A column that the declaration has got since. Identifiers: target, definition.
alter table {target} add column {definition}
