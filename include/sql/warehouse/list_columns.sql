-- Columns of a table that is there, and whether they are of its key. Grain: one row a column.
-- Parameters: schema, name.
select
    attribute.attname,
    format_type(attribute.atttypid, null) as type,
    coalesce(attribute.attnum = any(key.conkey), false) as is_key
from pg_attribute as attribute
inner join pg_class as relation on attribute.attrelid = relation.oid
inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
left join pg_constraint as key
    on
        relation.oid = key.conrelid
        and key.contype = 'p'
where
    namespace.nspname = %(schema)s
    and relation.relname = %(name)s
    and attribute.attnum > 0
    and not attribute.attisdropped
order by attribute.attnum
