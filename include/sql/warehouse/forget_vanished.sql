-- Keys that the newest snapshot has again. Identifiers: staged_key. Parameters: sink.
delete from ops.vanished_row as vanished
using pg_temp._sluice_staged as staged
where
    vanished.sink = %(sink)s
    and vanished.key = jsonb_build_array({staged_key})
