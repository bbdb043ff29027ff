-- One sender a DAG at a time, until the transaction ends. Parameters: dag_id.
select pg_advisory_xact_lock(hashtextextended('sluice outbox ' || %(dag_id)s, 0))
