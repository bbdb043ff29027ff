-- name: lock
-- One renewal at a time, until the transaction ends.
select pg_advisory_xact_lock(hashtextextended('sluice login of charts', 0))


-- name: find
-- Whether the user of QuickSight is there.
select exists(select from pg_roles where rolname = 'sluice_quicksight') as is_there


-- name: create
-- The user of QuickSight. It is no member of rds_iam, whose members RDS lets in with tokens alone:
-- QuickSight has none. Under the lock, and only where it is not there.
create role sluice_quicksight


-- name: join
-- It may read what charts may read. Safe to rerun: nothing happens where it may.
grant sluice_charts to sluice_quicksight


-- name: set
-- Parameter: verifier, what SCRAM keeps of a password. QuickSight opens a few sessions for each
-- data set that it reads; so many leave others theirs.
alter role sluice_quicksight login connection limit 20 password %(verifier)s


-- name: read_only
-- It could write nothing anyway; this says so to whoever looks at a session.
alter role sluice_quicksight set default_transaction_read_only = on
