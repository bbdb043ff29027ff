-- What waits in the quarantine of a sink, by code: each line of a version once, however many runs have
-- rejected it, under the code that the last of them gave it.
-- Grain: one row a code, the most rows first. Parameters: sink.
select
    code,
    count(*) as rows,
    min(since) as since
from (
    select
        (array_agg(code order by id desc))[1] as code,
        min(rejected_at) as since
    from ops.rejected_row
    where
        sink = %(sink)s
        and settled_at is null
    group by
        file,
        version,
        line
) as waiting
group by code
order by
    rows desc,
    code asc
