-- name: insert
-- Loads the plain rows of a CSV file, which hold no line end and no quote inside a cell. A row
-- with a cell that needs care, or that may repeat the header, gets its line with a minus sign.
-- Grain: one plain row that the contract wants. Parameters: relation, names (columns),
-- struct (cells, all of them text), texts, values, columns, good, wanted (expressions);
-- bound: path, delimiter, max_line_bytes, before (lines of the first file before these), filler
-- (the first cell of a row that stands for another line), and what the expressions need.
-- Safe to rerun: runs once, right after the table is made.
insert into {relation} ({names})
with
numbered as (
    select $before + row_number() over () as line, cells.*
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
        ) as cells
),

texts as (
    select {texts}
    from numbered
    where cell_0 is distinct from $filler
),

typed as (
    select *, {values}
    from texts
)

select if({good}, line, -line), {columns}
from typed
where {wanted}


-- name: list_doubtful
-- Lists the lines of plain rows that need care.
-- Grain: one such row, in the file's order. Parameters: relation.
-- Safe to rerun: reads only.
select -_sluice_line as line
from {relation}
where _sluice_line < 0
order by line


-- name: delete_doubtful
-- Deletes the plain rows that need care. Parameters: relation.
-- Safe to rerun: deletes nothing the second time.
delete from {relation}
where _sluice_line < 0
