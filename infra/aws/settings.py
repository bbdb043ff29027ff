"""Where things are: a setting of the DAGs, and the output of the pipelines' stack that says it."""

SETTINGS = {
    "lake_bucket": "LakeBucket",
    "alerts_topic_arn": "AlertsTopicArn",
    "landing_bucket": "LandingBucket",
    "csv_upload_to_sqs_queue_url": "CsvUploadToSqsQueueUrl",
    "csv_upload_to_dynamodb_queue_url": "CsvUploadToDynamodbQueueUrl",
    "json_queue_url": "JsonQueueUrl",
    "items_table": "ItemsTable",
    "events_bus": "EventsBus",
}
