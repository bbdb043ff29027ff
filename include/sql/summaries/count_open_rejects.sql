-- What waits in the quarantine of a sink, by code.
-- Grain: one row a code, the most rows first. Parameters: sink.
select
    code,
    count(*) as rows,
    min(waits_since) as since
from ops.open_reject
where sink = %(sink)s
group by code
order by
    rows desc,
    code asc
