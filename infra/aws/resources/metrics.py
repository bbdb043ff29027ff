"""Metrics that alarms watch and the dashboard shows, so that both mean the same."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

NAMESPACE = "Sluice"  # of metrics that the pipelines put themselves


def metric(
    namespace: str,
    name: str,
    *,
    statistic: str,
    minutes: int = 5,
    label: str | None = None,
    **dimensions: str,
) -> cloudwatch.Metric:
    """Return a metric, one point for so many minutes.

    Arguments:
        namespace: of the service, such as AWS/SQS.
        name: the service's.
        statistic: what becomes of the values within a point, such as Maximum.
        minutes: that a point spans.
        label: in a graph; CloudWatch's choice when None.
        dimensions: whose metric it is.
    """
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        statistic=statistic,
        period=Duration.minutes(minutes),
        label=label,
        dimensions_map=dimensions,
    )


def waiting_messages(queue_name: str, *, label: str | None = None) -> cloudwatch.Metric:
    """Return how many messages of a queue wait to be received, at most, in 5 minutes."""
    return metric(
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        statistic="Maximum",
        label=label,
        QueueName=queue_name,
    )


def oldest_message(queue_name: str, *, label: str | None = None) -> cloudwatch.Metric:
    """Return the age of a queue's oldest message in seconds, received or not."""
    return metric(
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage",
        statistic="Maximum",
        label=label,
        QueueName=queue_name,
    )


def refused_writes(stream_name: str) -> cloudwatch.Metric:
    """Return how many records a stream refused in 5 minutes, since a shard had its fill."""
    return metric(
        "AWS/Kinesis",
        "WriteProvisionedThroughputExceeded",
        statistic="Sum",
        StreamName=stream_name,
    )


def iterator_age(stream_name: str) -> cloudwatch.Metric:
    """Return how far the readers of a stream are behind, in milliseconds."""
    return metric(
        "AWS/Kinesis",
        "GetRecords.IteratorAgeMilliseconds",
        statistic="Maximum",
        StreamName=stream_name,
    )


def good_hours(dataset: str, database: str, *, minutes: int) -> cloudwatch.Metric:
    """Return how many hours of a dataset were published, by the time of the hour.

    A run puts 1 at its hour. Two environments of an account put theirs apart, by their databases.

    Arguments:
        dataset: its name.
        database: the lake's database in Glue.
        minutes: that a point spans.
    """
    return metric(
        NAMESPACE,
        "GoodHours",
        statistic="Sum",
        minutes=minutes,
        label=dataset,
        Database=database,
        Dataset=dataset,
    )
