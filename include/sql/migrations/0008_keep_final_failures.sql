-- A failure that no retry helps is not tried again by itself.

alter table ops.arrival add column final boolean not null default false;

comment on column ops.arrival.final is
'It failed, and would fail again: no message and no sweep has it tried again';
comment on column ops.arrival.cause is
'Why its last try failed; stays while another try is waited for or under way';
