-- Whether this database has had any migration.
select to_regclass('ops.migration') is not null
