-- A notice that SNS refuses for good waits without holding back the others.

alter table ops.outbox
    add column refusals integer not null default 0,
    add column refusal text,
    add column refused_at timestamptz;

comment on column ops.outbox.refusals is 'How often SNS has refused it';
comment on column ops.outbox.refusal is 'The code of its last refusal';
