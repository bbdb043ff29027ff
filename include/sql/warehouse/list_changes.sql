-- The first changes in order of key, before and after. Grain: one row a change.
-- Identifiers: target, target_key. Parameters: most, deletes
-- (a vanished row is deleted, not kept).
select
    staged._sluice_operation,
    staged._sluice_key,
    to_jsonb(target.*) as before,
    case
        when staged._sluice_operation <> 'vanish'
            then to_jsonb(staged.*) - '_sluice_operation' - '_sluice_key'
    end as after
from pg_temp._sluice_changed as staged
left join {target} as target on jsonb_build_array({target_key}) = staged._sluice_key
where
    staged._sluice_operation in ('insert', 'update')
    or (staged._sluice_operation = 'vanish' and %(deletes)s)
order by staged._sluice_key
limit %(most)s
