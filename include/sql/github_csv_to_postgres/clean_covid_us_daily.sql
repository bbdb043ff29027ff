-- Cases and deaths of the United States by day, with the recovered where their source has the day.
-- Grain: one row a day of us. Reads: us, combined (only the United States as a whole).
select
    us.date,
    us.cases,
    us.deaths,
    combined.recovered
from us
left join combined on us.date = combined.date
