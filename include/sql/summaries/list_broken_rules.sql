-- The last run of a sink that broke each rule, of the newest 2000 runs.
-- Grain: one row a rule. Parameters: sink.
select distinct on (broken.rule)
    broken.rule,
    run.run_id,
    run.as_of,
    broken.words
from (
    select
        run_id,
        as_of,
        finished_at,
        details -> 'broken' as broken
    from ops.run
    where sink = %(sink)s
    order by finished_at desc
    limit 2000
) as run
cross join lateral jsonb_to_recordset(
    case jsonb_typeof(run.broken) when 'array' then run.broken else '[]' end
) as broken (rule text, words text)
order by
    broken.rule asc,
    run.finished_at desc
