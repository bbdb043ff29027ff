-- Cases and deaths by state and day.
-- Grain: one row a day and FIPS code. Reads: us_states.
select
    date,
    fips,
    state,
    cases,
    deaths
from us_states
