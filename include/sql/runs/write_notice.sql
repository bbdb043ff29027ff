-- The notice that a run ends with; a rerun with news sends it again, the same text does not.
insert into ops.outbox (dag_id, run_id, status, subject, body, attributes)
values (%(dag_id)s, %(run_id)s, %(status)s, %(subject)s, %(body)s, %(attributes)s)
on conflict (dag_id, run_id, status) do update
set
    subject = excluded.subject,
    body = excluded.body,
    attributes = excluded.attributes,
    written_at = clock_timestamp(),
    sent_at = null,
    refusals = 0,
    refusal = null,
    refused_at = null
