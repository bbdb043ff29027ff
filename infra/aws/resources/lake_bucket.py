"""Where Sluice keeps files of its own.

The archive in raw/, tables that people query in lake/, snapshots of exported tables in exports/,
hand-over between tasks in work/, uploads as JSON Lines in json/, what Athena finds in athena/, what
the page in Airflow's UI shows in page/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.aws.resources.private_bucket import private_bucket

if TYPE_CHECKING:
    from infra.aws.environment import Environment

ANSWERS = "raw/api/"  # of APIs, as they came
TABLES = "lake/"  # one file a partition, put in place of the one before it
SHOWN = "page/"  # one object a sink and kind, put in place of the one before it
OWN_PREFIXES = ("exports/", TABLES, SHOWN, "raw/", "work/")
DELIVERED = "json/"  # written here for others to read
TRACED = f"{SHOWN}v1/traces/"  # where a row comes from, with raw text of files
QUERIED = "athena/"
COMPARED, UNLOADED = f"{QUERIED}results/", f"{QUERIED}unload/"  # of the pipelines' queries
ASKED = f"{QUERIED}lake/"  # of people's

# Within a week a delta is published, or worked out anew, and an answer is read, or asked for anew.
_GO = ("work/", QUERIED, TRACED)
# Until then somebody has seen that a file went wrong; later it is built anew from the archive.
_REPLACED_DAYS = 7


class LakeBucket(Construct):
    """The lake bucket; _GO goes after a week, all else stays until it is deleted.

    Of exports/ what was deleted can be taken back for as long as the warehouse can be put back to
    a moment at which it was needed; of lake/, whose files are replaced up to 24 times a day, what
    was replaced for a week; of page/, which is made from the warehouse, for a day; of all else
    versions stay.

    Attributes:
        bucket: the bucket.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self.bucket = private_bucket(
            self,
            environment=environment,
            lifecycle_rules=[
                # Expiration leaves a delete marker; by the same rule S3 takes that away as well
                # once the version below it is gone.
                s3.LifecycleRule(
                    prefix=prefix,
                    expiration=Duration.days(7),
                    noncurrent_version_expiration=Duration.days(1),
                )
                for prefix in _GO
            ]
            + [
                s3.LifecycleRule(
                    prefix=prefix,
                    expired_object_delete_marker=True,
                    noncurrent_version_expiration=Duration.days(days),
                )
                for prefix, days in (
                    ("exports/", environment.backup_days),
                    (TABLES, _REPLACED_DAYS),
                    (SHOWN, 1),
                )
            ]
            + [
                s3.LifecycleRule(
                    prefix=ANSWERS,
                    transitions=[
                        s3.Transition(
                            storage_class=s3.StorageClass.INFREQUENT_ACCESS,
                            transition_after=Duration.days(30),
                        )
                    ],
                )
            ],
        )
