"""Where table_export_to_kinesis puts INSERT, UPDATE and DELETE operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_kinesis as kinesis
from constructs import Construct

from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from infra.aws.environment import Environment


class ChangesStream(Construct):
    """The changes stream, encrypted with the key that Kinesis keeps in the account.

    Attributes:
        stream: the stream.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        on_demand = environment.stream_shards is None
        self.stream = kinesis.Stream(
            self,
            "Stream",
            encryption=kinesis.StreamEncryption.MANAGED,
            removal_policy=removal_policy(environment),
            retention_period=Duration.hours(environment.stream_hours),
            shard_count=environment.stream_shards,
            stream_mode=kinesis.StreamMode.ON_DEMAND
            if on_demand
            else kinesis.StreamMode.PROVISIONED,
        )
