-- The first changes in order of key, before and after. Grain: one row a change.
-- Identifiers: target, target_key. Parameters: most.
select
    staged.operation,
    staged.row_key,
    to_jsonb(target) as before,
    to_jsonb(staged) - 'operation' - 'row_key' as after
from pg_temp.changed as staged
left join {target} as target on jsonb_build_array({target_key}) = staged.row_key
where staged.operation not in ('confirm', 'supersede')
order by staged.row_key
limit %(most)s
