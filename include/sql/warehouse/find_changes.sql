-- What turns the target into the newest snapshot, found by one join: a conflict clause would
-- lock, and so log, every row that has not changed.
-- Grain: one row a key that differs. Identifiers: target, changed_columns, any_key, same_key,
-- differs, first_key.
-- A rerun finds nothing: what was changed differs no more.
create temporary table _sluice_changed on commit drop as
select
    case
        when target.{first_key} is null then 'insert'
        when staged.{first_key} is null then 'vanish'
        else 'update'
    end as _sluice_operation,
    jsonb_build_array({any_key}) as _sluice_key,
    {changed_columns}
from pg_temp._sluice_staged as staged
full join {target} as target on {same_key}
where
    target.{first_key} is null
    or staged.{first_key} is null
    or {differs}
