-- What list_migrations reads. Safe to rerun: nothing happens where it exists.
create table if not exists ops.migration (
    number integer primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default clock_timestamp()
)
