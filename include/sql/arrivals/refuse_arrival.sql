-- An object version that no run can take, as a sweep has found it; one that is known stays as it is.
-- Parameters: pipeline, bucket, key, version_id, etag, size, stored_at, file_order, dag_id, run_id,
-- cause.
insert into ops.arrival (
    pipeline, bucket, key, version_id, etag, size, stored_at, file_order,
    found_by, state, dag_id, run_id, cause, final
)
values (
    %(pipeline)s, %(bucket)s, %(key)s, %(version_id)s, %(etag)s, %(size)s, %(stored_at)s,
    %(file_order)s,
    'sweep', 'failed', %(dag_id)s, %(run_id)s, %(cause)s, true
)
on conflict (pipeline, bucket, key, version_id) do nothing
