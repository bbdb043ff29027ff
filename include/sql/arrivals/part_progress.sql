-- name: find
-- What the sink has acknowledged of a part.
-- Grain: one row, or none at the beginning.
-- Parameters: pipeline, bucket, key, version_id, part.
select progress
from ops.arrival_progress
where
    pipeline = %(pipeline)s
    and bucket = %(bucket)s
    and key = %(key)s
    and version_id = %(version_id)s
    and part = %(part)s


-- name: keep
-- What the sink has acknowledged of a part, if the holder still holds the file.
-- No row when the token has been passed on.
-- Parameters: pipeline, bucket, key, version_id, token, part, progress.
insert into ops.arrival_progress (pipeline, bucket, key, version_id, part, progress)
select
    pipeline,
    bucket,
    key,
    version_id,
    %(part)s,
    %(progress)s
from ops.arrival
where
    pipeline = %(pipeline)s
    and bucket = %(bucket)s
    and key = %(key)s
    and version_id = %(version_id)s
    and token = %(token)s
on conflict (pipeline, bucket, key, version_id, part) do update
set progress = excluded.progress
