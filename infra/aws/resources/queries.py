"""Where Athena is asked: a database of Glue, and the workgroup that queries its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from constructs import Construct

from infra.aws.resources.own_name import own_name

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

    from infra.aws.environment import Environment

_GIB = 1024**3
_HERE = f"{Aws.REGION}:{Aws.ACCOUNT_ID}"


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a database and its workgroup are for.

    Attributes:
        database: part of the database's name; Athena takes no hyphen in one without quotes.
        tables: what the database has, a sentence for people.
        workgroup: part of the workgroup's name.
        queries: what is asked there, a sentence for people.
        results: prefix in the lake below which Athena writes what queries found.
    """

    database: str
    tables: str
    workgroup: str
    queries: str
    results: str


class Queries(Construct):
    """A database of Glue, and a workgroup of Athena for queries of its tables.

    The database holds no data: its tables say which columns files in the lake have. They and the
    history of queries go with it.

    Attributes:
        database: the database; its reference is its name.
        workgroup: the workgroup, likewise. Who starts a query cannot choose another place, another
            encryption or a higher limit for it; where UNLOAD writes, the statement says.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        lake: s3.IBucket,
        purpose: Purpose,
    ) -> None:
        """Make both.

        Arguments:
            scope: the construct that owns them.
            construct_id: its name there.
            environment: decides what a query may read at most.
            lake: the bucket that results go to.
            purpose: what they are for.
        """
        super().__init__(scope, construct_id)
        self.database = lake_database(self, "Database", name=purpose.database, has=purpose.tables)
        self.workgroup = athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=own_name(purpose.workgroup),
            description=f"Sluice: {purpose.queries}",
            # Else the history of its queries keeps it from going.
            recursive_delete_option=True,
            work_group_configuration=_configuration(environment, lake, purpose.results),
        )

    @property
    def workgroup_arn(self) -> str:
        """ARN of the workgroup."""
        return f"arn:{Aws.PARTITION}:athena:{_HERE}:workgroup/{self.workgroup.ref}"

    @property
    def catalog_arns(self) -> list[str]:
        """ARNs of the database's tables, and of what they are in: Glue asks for rights to each."""
        return catalog_arns(self.database)

    @property
    def default_database_arn(self) -> str:
        """ARN of the database that Athena looks for whatever it is asked.

        https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
        """
        return f"arn:{Aws.PARTITION}:glue:{_HERE}:database/default"


def lake_database(scope: Construct, construct_id: str, *, name: str, has: str) -> glue.CfnDatabase:
    """Add a database of Glue for tables of files in the lake.

    Arguments:
        scope: the construct that owns the database.
        construct_id: its name there.
        name: part of the database's name.
        has: what its tables are, a sentence for people.
    """
    return glue.CfnDatabase(
        scope,
        construct_id,
        catalog_id=Aws.ACCOUNT_ID,
        database_input=glue.CfnDatabase.DatabaseInputProperty(
            description=f"Sluice: {has}", name=own_name(name, between="_")
        ),
    )


def catalog_arns(database: glue.CfnDatabase) -> list[str]:
    """Return the ARNs of a database, of its tables and of the catalog that has them."""
    glue_arn = f"arn:{Aws.PARTITION}:glue:{_HERE}"
    return [
        f"{glue_arn}:catalog",
        f"{glue_arn}:database/{database.ref}",
        f"{glue_arn}:table/{database.ref}/*",
    ]


def _configuration(
    environment: Environment, lake: s3.IBucket, results: str
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
            output_location=lake.s3_url_for_object(results),
        ),
    )
