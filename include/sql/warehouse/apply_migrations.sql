-- name: find
-- Whether this database has had any migration.
select to_regclass('ops.migration') is not null


-- name: list
-- Migrations that this database has. Grain: one row a migration.
select
    number,
    sha256
from ops.migration


-- name: lock
-- One migration at a time in this database, until the transaction ends.
select pg_advisory_xact_lock(hashtextextended('sluice migrations', 0))


-- name: create_schema
-- Where the migrations record themselves. Safe to rerun: nothing happens where it exists.
create schema if not exists ops


-- name: create_table
-- What list_migrations reads. Safe to rerun: nothing happens where it exists.
create table if not exists ops.migration (
    number integer primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default clock_timestamp()
)


-- name: record
-- A migration that was applied in this transaction. Parameters: number, name, sha256.
insert into ops.migration (number, name, sha256)
values (%(number)s, %(name)s, %(sha256)s)
