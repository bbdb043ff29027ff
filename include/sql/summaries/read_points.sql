-- What a chart of a table shows.
-- Grain: one row a date and group, in order of date. {date}, {group}: columns, {group} a text where
-- there is none; {measures}: columns as numbers; {table}. Parameters: most.
select
    {date} as date,
    {group} as series,
    {measures}
from {table}
order by {date} desc
limit %(most)s
