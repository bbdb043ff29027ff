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
