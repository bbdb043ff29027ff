-- name: set_state
-- How far an export has come, and when. Parameters: tenant, table_name, version, state, cause.
update ops.export
set
    state = %(state)s,
    cause = %(cause)s,
    asked_at = case when %(state)s = 'asked' then clock_timestamp() else asked_at end,
    decided_at = case
        when %(state)s in ('approved', 'refused') then clock_timestamp() else decided_at
    end,
    published_at = case when %(state)s = 'published' then clock_timestamp() else published_at end,
    applied_at = case when %(state)s = 'applied' then clock_timestamp() else applied_at end
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and version = %(version)s


-- name: fail
-- A run has failed with an export. One that another run has published meanwhile stays published, and
-- one that waits for a person goes on waiting. Parameters: tenant, table_name, version, cause.
update ops.export
set
    state = 'failed',
    cause = %(cause)s
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and version = %(version)s
    and state in ('waiting', 'complete', 'approved', 'failed')


-- name: keep_delta
-- What was worked out of an export. Parameters: tenant, table_name, version, snapshot,
-- base_version, publication, delta, counts.
update ops.export
set
    snapshot = %(snapshot)s,
    base_version = %(base_version)s,
    publication = %(publication)s,
    delta = %(delta)s,
    counts = %(counts)s,
    computed_at = clock_timestamp()
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and version = %(version)s


-- name: supersede_older
-- Older versions that wait for a person, or that one has approved: a newer one has taken over.
-- Grain: one row a version. Parameters: tenant, table_name, version, cause.
update ops.export
set
    state = 'superseded',
    cause = %(cause)s
where
    tenant = %(tenant)s
    and table_name = %(table_name)s
    and version collate "C" < %(version)s
    and state in ('asked', 'approved')
returning version
