-- What a dataset's cleaning makes of its sources, in the types of the table.
-- Grain: the dataset's. Identifiers: columns (each cast to its type), cleaning (a statement).
create or replace table cleaned as
select {columns}
from ({cleaning}) as merged
