"""Where things are: a setting of the DAGs, and the output of the pipelines' stack that says it."""

from __future__ import annotations

from infra.aws.uploads import UPLOAD_PIPELINES

SETTINGS = {
    "lake_bucket": "LakeBucket",
    "alerts_topic_arn": "AlertsTopicArn",
    "landing_bucket": "LandingBucket",
    **{f"{pipeline.name}_queue_url": pipeline.outputs[0] for pipeline in UPLOAD_PIPELINES},
    **{
        f"{pipeline.name}_dead_letter_queue_url": pipeline.outputs[1]
        for pipeline in UPLOAD_PIPELINES
    },
    "json_queue_url": "JsonQueueUrl",
    "json_dead_letter_queue_url": "JsonDeadLetterQueueUrl",
    "items_table": "ItemsTable",
    "events_bus": "EventsBus",
    "changes_stream": "ChangesStream",
    "glue_database": "GlueDatabase",
    "athena_workgroup": "AthenaWorkgroup",
    "lake_database": "LakeDatabase",
}
