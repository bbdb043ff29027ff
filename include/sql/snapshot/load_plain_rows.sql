-- name: insert
-- Loads the plain rows of a CSV file, which hold no line end and no quote inside a cell, in the
-- file's order, so that their lines can be counted afterwards: to number them here would take one
-- thread. Until then _sluice_line is 1, or -1 for a row with a cell that needs care or that may
-- repeat the header, or 0 for one that stands for another line or that the contract does not want.
-- Grain: one line of the file. Parameters: relation, names (columns), struct (cells, all of them
-- text), texts, values, columns, good, wanted (expressions); bound: path, delimiter,
-- max_line_bytes, filler (the first cell of a row that stands for another line), and what the
-- expressions need.
-- Safe to rerun: runs once, right after the table is made.
insert into {relation} ({names})
with
texts as (
    select {texts}
    from
        read_csv(
            $path,
            columns = {struct},
            auto_detect = false,
            header = false,
            delim = $delimiter,
            quote = '"',
            escape = '"',
            new_line = '\n',
            nullstr = '',
            allow_quoted_nulls = false,
            null_padding = false,
            max_line_size = $max_line_bytes,
            strict_mode = true,
            compression = 'none'
        )
),

typed as (
    select *, {values}
    from texts
)

select
    case
        when cell_0 is not distinct from $filler or not ({wanted}) then 0
        when {good} then 1
        else -1
    end,
    {columns}
from typed


-- name: count_doubtful
-- Counts the plain rows that need care.
-- Grain: one number. Parameters: relation.
-- Safe to rerun: reads only.
select count(*) as doubtful
from {relation}
where _sluice_line < 0


-- name: empty
-- Makes the table anew, without rows: one whose rows are deleted still counts them as lines.
-- Parameters: relation.
-- Safe to rerun: yes.
create or replace table {relation} as
from {relation}
limit 0


-- name: create_lines
-- Creates the counter of lines. Parameters: first (the line of the first row).
-- Safe to rerun: it is made anew.
create or replace sequence _sluice_lines start with {first}


-- name: number
-- Numbers the rows by their lines; each keeps its sign, or its 0. DuckDB goes through a column in
-- the order of its rows. Parameters: relation.
-- Safe to rerun: no; runs once, right after the rows are loaded.
alter table {relation}
alter column _sluice_line type bigint using _sluice_line * nextval('_sluice_lines')


-- name: drop_lines
-- Drops the counter of lines.
drop sequence _sluice_lines


-- name: list_doubtful
-- Lists the lines of plain rows that need care.
-- Grain: one such row, in the file's order. Parameters: relation.
-- Safe to rerun: reads only.
select -_sluice_line as line
from {relation}
where _sluice_line < 0
order by line


-- name: delete_others
-- Deletes the plain rows that need care, and those that are no rows of the contract's.
-- Grain: one line of the file. Parameters: relation.
-- Safe to rerun: deletes nothing the second time.
delete from {relation}
where _sluice_line <= 0
