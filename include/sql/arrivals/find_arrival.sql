-- Who holds an object version, and what became of it.
-- Parameters: pipeline, bucket, key, version_id.
select
    state,
    array[dag_id, run_id] as holder,
    file_order,
    counts,
    final,
    extract(epoch from claimed_until - clock_timestamp())::integer as seconds_left
from ops.arrival
where
    pipeline = %(pipeline)s
    and bucket = %(bucket)s
    and key = %(key)s
    and version_id = %(version_id)s
