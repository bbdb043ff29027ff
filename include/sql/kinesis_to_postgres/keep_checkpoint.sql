-- name: begin
-- A shard that is read for the first time. Parameters: stream, shard_id.
insert into ops.stream_shard (stream, shard_id)
values (%(stream)s, %(shard_id)s)
on conflict (stream, shard_id) do nothing


-- name: find
-- How far a shard has been read. Grain: one row. Parameters: stream, shard_id.
select
    sequence_number,
    closed
from ops.stream_shard
where
    stream = %(stream)s
    and shard_id = %(shard_id)s


-- name: move
-- The records after the checkpoint are taken over; no row when another reader has moved it.
-- Parameters: stream, shard_id, before (null: nothing was read), sequence_number, closed.
update ops.stream_shard
set
    sequence_number = %(sequence_number)s,
    closed = %(closed)s,
    read_at = clock_timestamp()
where
    stream = %(stream)s
    and shard_id = %(shard_id)s
    and sequence_number is not distinct from %(before)s
    and not closed


-- name: list
-- Every shard of a stream that has been read. Grain: one row a shard. Parameters: stream.
select
    shard_id,
    closed
from ops.stream_shard
where stream = %(stream)s


-- name: forget
-- Shards that the stream no longer has: it keeps none for longer than their records.
-- Parameters: stream, shard_ids (those that it has).
delete from ops.stream_shard
where
    stream = %(stream)s
    and shard_id <> all(%(shard_ids)s::text [])


-- name: reset
-- Shards in which the end of a publication was not read although it is there or was: they are read
-- from their oldest record again. Parameters: stream, publication_id (null: nothing was read).
update ops.stream_shard
set sequence_number = null
where
    stream = %(stream)s
    and not closed
    and not exists (
        select 1
        from ops.stream_end as ended
        where
            ended.stream = stream_shard.stream
            and ended.shard_id = stream_shard.shard_id
            and ended.publication_id = %(publication_id)s
    )


-- name: reread
-- Shards of which records wait in quarantine: they are read from their oldest record again, to whose
-- end they may have been. Parameters: stream, sink.
update ops.stream_shard
set
    sequence_number = null,
    closed = false
where
    stream = %(stream)s
    and exists (
        select 1
        from ops.open_reject as waiting
        where
            waiting.sink = %(sink)s
            and waiting.file = stream_shard.shard_id
    )
