-- Rows that the newest snapshot lacks. Identifiers: target, target_key.
delete from {target} as target
using pg_temp._sluice_changed as changed
where
    changed._sluice_operation = 'vanish'
    and changed._sluice_key = jsonb_build_array({target_key})
