-- Rows that the newest snapshot lacks. Identifiers: target, target_key.
delete from {target} as target
using pg_temp.changed as gone
where
    gone.operation = 'vanish'
    and gone.row_key = jsonb_build_array({target_key})
