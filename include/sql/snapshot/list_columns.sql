-- The columns of a Parquet file. Grain: one row a column. Parameters: snapshot.
select name
from parquet_schema($snapshot)
where num_children is null
