-- The columns of a table that is there. Grain: one row a column. Parameters: schema, name.
select column_name
from information_schema.columns
where
    table_schema = %(schema)s
    and table_name = %(name)s
