-- Counts a table's rows, and sums up the first 60 bits of their digests, in no order.
-- Grain: one row. Identifiers: text (of a row, see row_text.py), table, kept (a condition).
-- Safe to rerun: reads only.
select
    count(*),
    coalesce(
        sum(
            ('x' || left(encode(sha256(convert_to({text}, 'UTF8')), 'hex'), 15))::bit(60)::bigint
        ),
        0
    )::text
from {table}
where {kept}
