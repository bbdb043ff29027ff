-- The first changes in order of key, before and after. Grain: one row a change.
-- Identifiers: target, target_key. Parameters: most, deletes
-- (a vanished row is deleted, not kept).
select
    staged.operation,
    staged.row_key,
    to_jsonb(target) as before,
    case
        when staged.operation <> 'vanish' then to_jsonb(staged) - 'operation' - 'row_key'
    end as after
from pg_temp.changed as staged
left join {target} as target on jsonb_build_array({target_key}) = staged.row_key
where
    staged.operation in ('insert', 'update')
    or (staged.operation = 'vanish' and %(deletes)s)
order by staged.row_key
limit %(most)s
