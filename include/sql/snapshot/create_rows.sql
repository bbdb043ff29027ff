-- Creates the typed table that one CSV file is loaded into.
-- Grain: one row of the file. Parameters: relation, columns (names with their types).
-- Safe to rerun: the table is made anew.
create or replace table {relation} ({columns})
