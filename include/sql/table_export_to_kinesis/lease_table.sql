-- name: acquire
-- A run takes a table that nobody holds, or whose holder let the lease end; it may take again what
-- it holds. The base is read in the same statement: what was published whole before this moment.
-- Grain: one row with token and base; none while another run holds it.
-- Parameters: tenant, table_name, dag_id, run_id, lease_seconds.
update ops.export_table
set
    token = token + 1,
    dag_id = %(dag_id)s,
    run_id = %(run_id)s,
    leased_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s)
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and (
        leased_until is null
        or leased_until < clock_timestamp()
        or (dag_id, run_id) = (%(dag_id)s, %(run_id)s)
    )
returning token, published_version, published_snapshot


-- name: check
-- Whether the holder is still the holder; its row stays locked until the transaction ends.
-- Grain: one row; none when it was let go, or the token has been passed on.
-- Parameters: tenant, table_name, token.
select token
from ops.export_table
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and token = %(token)s
    and leased_until is not null
for update


-- name: renew
-- The holder goes on: its lease begins anew. No row when it was let go, or the token has
-- been passed on: a task that outlives its run holds nothing.
-- Parameters: tenant, table_name, token, lease_seconds.
update ops.export_table
set leased_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s)
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and token = %(token)s
    and leased_until is not null


-- name: release
-- The holder lets other runs have the table. Parameters: tenant, table_name, token.
update ops.export_table
set leased_until = null
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and token = %(token)s


-- name: release_run
-- A run that has ended holds no table. Parameters: dag_id, run_id.
update ops.export_table
set leased_until = null
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and leased_until is not null
