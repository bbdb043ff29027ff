-- Makes a relation of a typed file's rows without those that repeat another one exactly.
-- Grain: one row of those columns. Parameters: relation, once (what is made), columns.
-- Safe to rerun: the table is made anew.
create or replace table {once} as
select distinct {columns}
from {relation}
