"""How the warehouse's Postgres is set."""

from __future__ import annotations

PARAMETERS = {
    "rds.force_ssl": "1",
    "ssl_min_protocol_version": "TLSv1.2",
    "shared_preload_libraries": "pg_stat_statements",
    # Milliseconds, as the pipelines set it for their own sessions: who left a transaction open
    # must not hold up loads and vacuuming.
    "idle_in_transaction_session_timeout": "300000",
    # RDS takes no 1 here as of Postgres 18.
    "log_connections": "all",
    "log_disconnections": "1",
    "log_lock_waits": "1",
    # Row values and passwords stay out of logs. They stand in the text of statements, for the
    # client writes them there, and in the details of errors, which the client receives anyway.
    # What is slow is found in pg_stat_statements, which has no values; what changed the schema is
    # found in ops.migration.
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.Query_Logging.html
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
