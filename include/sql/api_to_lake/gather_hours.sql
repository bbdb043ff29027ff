-- name: create
-- Creates the table that the hours of a partition go into. Grain: one row a record.
-- Identifiers: columns (names with their types).
create or replace table gathered ({columns})


-- name: add
-- Adds the rows of an hour. Grain: one row a record. Identifiers: relation.
insert into gathered by name
select *
from {relation}


-- name: published
-- Takes an hour's rows from the published file. Grain: one row a record.
-- Identifiers: columns (null for those that it lacks), path, hour.
create or replace table of_hour as
select {columns}
from read_parquet({path})
where as_of = cast({hour} as timestamp_ms)


-- name: finish
-- Makes what was gathered relation records. Grain: one row a record.
create or replace view records as
from gathered
