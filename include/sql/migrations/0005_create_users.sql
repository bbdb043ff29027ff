-- Users by purpose: one moves rows, one reads for charts; the owner of all this does neither.

-- Roles belong to the whole server; another database of it may have made these already. They get
-- no password here: on RDS they log in with IAM tokens, elsewhere whoever runs the server sets one.
do $$
begin
    create role sluice_loader login;
exception
    when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
    create role sluice_charts_reader login;
exception
    when duplicate_object or unique_violation then null;
end
$$;

-- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
do $$
begin
    if exists (select from pg_roles where rolname = 'rds_iam') then
        grant rds_iam to sluice_loader, sluice_charts_reader;
    end if;
    -- Only who administers sluice_charts may; another database's owner may have done it.
    if not pg_has_role('sluice_charts_reader', 'sluice_charts', 'member') then
        grant sluice_charts to sluice_charts_reader;
    end if;
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect, temporary on database %I to sluice_loader', current_database());
    execute format('grant connect on database %I to sluice_charts', current_database());
end
$$;

grant usage on schema ops, covid to sluice_loader;
grant select on ops.migration to sluice_loader;
grant select, insert, update on ops.run, ops.sink, ops.arrival to sluice_loader;
grant select, insert, delete on ops.rejected_row to sluice_loader;
grant select, insert, update, delete on ops.outbox, ops.vanished_row to sluice_loader;
grant select, insert, update, delete on all tables in schema covid to sluice_loader;

-- What later migrations create is covered without a word of theirs.
alter default privileges grant usage on schemas to sluice_loader, sluice_charts;
alter default privileges grant select, insert, update, delete on tables to sluice_loader;
alter default privileges revoke execute on functions from public;
revoke execute on all functions in schema ops from public;

-- A table that is watched is a dataset's, which charts may read; others of ops they may not.
create or replace function ops.watch(target regclass) returns void
language plpgsql set search_path = '' as $$
begin
    execute pg_catalog.format(
        'create trigger count_write before insert or update or delete or truncate on %s '
        'for each statement execute function ops.count_write()',
        target
    );
    execute pg_catalog.format('grant select on %s to sluice_charts', target);
end
$$;

comment on function ops.watch(regclass) is
'Counts statements that write to a table, so that a load knows whether anybody else has changed '
'it, and lets charts read it';
