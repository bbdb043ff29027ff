-- What a snapshot may still say when a newer one has been loaded: only of keys that no newer
-- snapshot had. Such a key is missing from the target, or is in ops.vanished_row with an
-- older stamp ("confirm" when its values are the same). All others are superseded.
-- Grain: one row a row of the snapshot. Identifiers: target, staged_columns, staged_key,
-- same_key, differs, first_key. Parameters: sink, as_of.
-- A rerun finds nothing but superseded rows: the stamps are no longer older.
create temporary table _sluice_changed on commit drop as
select
    case
        when target.{first_key} is null then 'insert'
        when vanished.last_seen is null or vanished.last_seen >= %(as_of)s then 'supersede'
        when {differs} then 'update'
        else 'confirm'
    end as _sluice_operation,
    jsonb_build_array({staged_key}) as _sluice_key,
    {staged_columns}
from pg_temp._sluice_staged as staged
left join {target} as target on {same_key}
left join ops.vanished_row as vanished
    on
        vanished.sink = %(sink)s
        and vanished.key = jsonb_build_array({staged_key})
