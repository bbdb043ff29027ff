-- Migrations that this database has. Grain: one row a migration.
select
    number,
    sha256
from ops.migration
