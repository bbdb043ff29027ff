"""Where csv_upload_to_dynamodb writes items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.aws.resources.removal import removal_policy

if TYPE_CHECKING:
    from infra.aws.environment import Environment


class ItemsTable(Construct):
    """The items table, keyed by the string id.

    Attributes:
        table: the table.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Table",
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            deletion_protection=environment.keeps_data,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=removal_policy(environment),
        )
