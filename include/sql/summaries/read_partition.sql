-- What a chart of a table of the lake shows of one of its files. {date}, {group}, {label}, {measures}:
-- expressions over its columns. Grain: one row of the file, in order of date. Parameters: globs, most.
select
    {date} as date,
    {group} as series,
    {label} as label,
    {measures}
from read_parquet($globs)
where {date} is not null
order by {date} desc
limit $most
