-- Counts a table's rows, and sums up the first 60 bits of their digests, in no order.
-- Grain: one row. Identifiers: text (of a row, see row_text.py), table, kept (a condition).
-- Safe to rerun: reads only.
select
    count(*),
    coalesce(
        sum(
            -- Eight bytes as a number, without the last 4 bits, nor the sign that their shift brings.
            (substr(sha256(convert_to({text}, 'UTF8')), 1, 8)::bigint >> 4)
            & x'0fffffffffffffff'::bigint
        ),
        0
    )::text
from {table}
where {kept}
