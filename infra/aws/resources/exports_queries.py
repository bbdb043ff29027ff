"""Where Athena compares exports that one worker should not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from constructs import Construct

from infra.aws.resources.lake_bucket import QUERIED
from infra.aws.resources.own_name import own_name

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

    from infra.aws.environment import Environment

_GIB = 1024**3
_HERE = f"{Aws.REGION}:{Aws.ACCOUNT_ID}"


class ExportsQueries(Construct):
    """A database of Glue for tables of snapshots, and the workgroup of Athena that queries them.

    The database holds no data: its tables say which columns files in the lake have. They and the
    history of queries go with it.

    Attributes:
        database: the database; its reference is its name.
        workgroup: the workgroup, likewise. Who starts a query cannot choose another place, another
            encryption or a higher limit for it; where UNLOAD writes, the statement says.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, lake: s3.IBucket
    ) -> None:
        super().__init__(scope, construct_id)
        self.database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                description="Sluice: snapshots of exported tables, while they are compared.",
                # Athena takes no hyphen in a name without quotes.
                name=own_name(environment.name, between="_"),
            ),
        )
        self.workgroup = athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=own_name("exports"),
            description="Sluice: what has changed between two exports of a table.",
            # Else the history of its queries keeps it from going.
            recursive_delete_option=True,
            work_group_configuration=_configuration(environment, lake),
        )

    @property
    def workgroup_arn(self) -> str:
        """ARN of the workgroup."""
        return f"arn:{Aws.PARTITION}:athena:{_HERE}:workgroup/{self.workgroup.ref}"

    @property
    def catalog_arns(self) -> list[str]:
        """ARNs of the database's tables, and of what they are in: Glue asks for rights to each."""
        glue_arn, database = f"arn:{Aws.PARTITION}:glue:{_HERE}", self.database.ref
        return [
            f"{glue_arn}:catalog",
            f"{glue_arn}:database/{database}",
            f"{glue_arn}:table/{database}/*",
        ]

    @property
    def default_database_arn(self) -> str:
        """ARN of the database that Athena looks for whatever it is asked.

        https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
        """
        return f"arn:{Aws.PARTITION}:glue:{_HERE}:database/default"


def _configuration(
    environment: Environment, lake: s3.IBucket
) -> athena.CfnWorkGroup.WorkGroupConfigurationProperty:
    return athena.CfnWorkGroup.WorkGroupConfigurationProperty(
        bytes_scanned_cutoff_per_query=environment.query_gib * _GIB,
        enforce_work_group_configuration=True,
        engine_version=athena.CfnWorkGroup.EngineVersionProperty(
            selected_engine_version="Athena engine version 3"
        ),
        publish_cloud_watch_metrics_enabled=True,
        requester_pays_enabled=False,
        result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
            encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                encryption_option="SSE_S3"  # as everything in the lake
            ),
            expected_bucket_owner=Aws.ACCOUNT_ID,
            output_location=lake.s3_url_for_object(f"{QUERIED}results/"),
        ),
    )
