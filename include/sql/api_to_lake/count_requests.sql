-- name: take
-- Counts a request before it is sent, so that a worker that dies has spent it. Requests without a
-- proper answer are limited in each hour of the clock. Nothing comes back where they are used up.
-- Grain: one row at most. Parameters: dataset, as_of, call, answered (proper answers since the last
-- time), attempts.
insert into ops.api_call as call (dataset, as_of, call, clock_hour, asked)
values (%(dataset)s, %(as_of)s, %(call)s, date_trunc('hour', clock_timestamp()), 1)
on conflict (dataset, as_of, call) do update
set
    clock_hour = excluded.clock_hour,
    asked = case when call.clock_hour = excluded.clock_hour then call.asked + 1 else 1 end,
    answered
    = case when call.clock_hour = excluded.clock_hour then call.answered + %(answered)s else 0 end
where
    call.clock_hour <> excluded.clock_hour
    or call.asked - call.answered - %(answered)s < %(attempts)s
returning asked, asked - answered


-- name: wait
-- Takes the next moment at which an API may be asked, and returns the seconds until then.
-- Grain: one row. Parameters: dataset, seconds (between two requests).
insert into ops.api_pace as pace (dataset, next_at)
values (%(dataset)s, clock_timestamp() + make_interval(secs => %(seconds)s))
on conflict (dataset) do update
set next_at = greatest(pace.next_at, clock_timestamp()) + make_interval(secs => %(seconds)s)
returning extract(epoch from next_at - clock_timestamp()) - %(seconds)s


-- name: end
-- Enters how a question ended. Parameters: dataset, as_of, call, answered, problem (null where there
-- is an answer).
insert into ops.api_call as call (dataset, as_of, call, clock_hour, problem)
values (%(dataset)s, %(as_of)s, %(call)s, date_trunc('hour', clock_timestamp()), %(problem)s)
on conflict (dataset, as_of, call) do update
set
    answered = call.answered + %(answered)s,
    problem = excluded.problem


-- name: problems
-- Why calls of an hour have no answer. Grain: one row a call that has none.
-- Parameters: dataset, as_of.
select
    call,
    problem
from ops.api_call
where
    dataset = %(dataset)s
    and as_of = %(as_of)s
    and problem is not null
