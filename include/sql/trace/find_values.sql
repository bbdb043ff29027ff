-- The values of a file's row that begins at a line, as texts.
-- Grain: one row. Identifiers: relation, texts. Parameters: line.
select {texts}
from {relation}
where _sluice_line = $line
