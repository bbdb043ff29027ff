-- Each row of a loaded file as JSON.
-- Grain: one row, in the file's order. Identifiers: body (an expression), relation.
select {body}
from {relation}
order by _sluice_line
