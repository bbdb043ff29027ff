-- The operations of a part as records of the stream.
-- Grain: one operation, in order of sequence: its number, the row's key and the record, both JSON.
-- Identifiers: head, idempotency_key (texts), key, before, after (expressions). Parameters: path.
select
    _sluice_sequence,
    row_key,
    concat(
        {head}, _sluice_sequence,
        ',"operation":"', _sluice_operation,
        '","key":', row_key,
        ',"before":', before_row,
        ',"after":', after_row,
        ',"idempotency_key":"', {idempotency_key}, _sluice_sequence, '"}}'
    ) as record
from (
    select
        _sluice_sequence,
        _sluice_operation,
        {key} as row_key,
        case when _sluice_operation = 'INSERT' then 'null' else {before} end as before_row,
        case when _sluice_operation = 'DELETE' then 'null' else {after} end as after_row
    from read_parquet($path)
) as operations
order by _sluice_sequence
