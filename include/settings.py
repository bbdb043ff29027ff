"""What differs between environments, as Airflow's configuration section [sluice] gives it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where things are in one environment.

    Attributes:
        lake_bucket: bucket of the raw archive (raw/) and of hand-overs between tasks (work/).
        alerts_topic_arn: SNS topic of the notices.
        landing_bucket: bucket that files from outside arrive in.
        csv_upload_to_sqs_queue_url, csv_upload_to_dynamodb_queue_url,
            table_export_to_kinesis_queue_url: queue of each pipeline's arrivals.
        csv_upload_to_sqs_dead_letter_queue_url, csv_upload_to_dynamodb_dead_letter_queue_url,
            table_export_to_kinesis_dead_letter_queue_url: of arrivals that failed too often.
        json_queue_url: queue that rows are delivered to as JSON.
        json_dead_letter_queue_url: of rows that nobody could take from it.
        items_table: DynamoDB table that rows are delivered to as items.
        changes_stream: Kinesis stream of operations on rows of exported tables.
        glue_database: database of Glue for tables of exports' snapshots.
        athena_workgroup: workgroup of Athena in which snapshots are compared.
        events_bus: EventBridge bus that receives an event for each stage.
        ui_url: base address of the Airflow UI, for links.
        github_api_url, github_raw_url: GitHub, or a stand-in for it.
        duckdb_memory: memory limit of one DuckDB connection; the smallest MWAA worker has 2 GB.
        retry_seconds: pause before the first retry of a task; it doubles from there.
        source_retry_seconds: how long one try of a task keeps asking a source that does not
            answer properly, from the first failure; 0 leaves it to the dataset.
        visibility_seconds: how long an arrival's message stays hidden once it was received.
        schedules_off: how to turn on the runs that time schedules ask for, where they are off.
        sweep_grace_seconds: how old an object must be before the sweep misses its event.
        answer_seconds: how long a person has to answer a question; then it counts as refused.
        lake_database: database of Glue for the tables of the lake.
        api_stand_in: address of a stand-in for the APIs; none where they are asked themselves.
        api_late_seconds: how long after its hour an API that tells of now alone is asked for it.
        quicksight_datasets: what ids of data sets in QuickSight begin with; None without it.
        quicksight_secret: name of the secret that QuickSight logs in to the warehouse with.
    """

    lake_bucket: str = ""
    alerts_topic_arn: str = ""
    landing_bucket: str = ""
    csv_upload_to_sqs_queue_url: str = ""
    csv_upload_to_dynamodb_queue_url: str = ""
    table_export_to_kinesis_queue_url: str = ""
    csv_upload_to_sqs_dead_letter_queue_url: str = ""
    csv_upload_to_dynamodb_dead_letter_queue_url: str = ""
    table_export_to_kinesis_dead_letter_queue_url: str = ""
    json_queue_url: str = ""
    json_dead_letter_queue_url: str = ""
    items_table: str = ""
    changes_stream: str = ""
    glue_database: str = ""
    athena_workgroup: str = ""
    events_bus: str = ""
    ui_url: str = ""
    github_api_url: str = "https://api.github.com"
    github_raw_url: str = "https://raw.githubusercontent.com"
    duckdb_memory: str = "192MB"
    retry_seconds: int = 60
    source_retry_seconds: int = 0
    schedules_off: str | None = None
    visibility_seconds: int = 3600
    sweep_grace_seconds: int = 900
    answer_seconds: int = 3 * 24 * 3600
    lake_database: str = ""
    api_stand_in: str = ""
    api_late_seconds: int = 900
    quicksight_datasets: str | None = None
    quicksight_secret: str | None = None
