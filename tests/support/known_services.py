"""Reads what botocore knows of the AWS services, so that the forks of this process need not."""

from __future__ import annotations

from infra.local import aws

for service in ("dynamodb", "s3", "sns", "sqs"):
    aws.client(service, "http://127.0.0.1")
