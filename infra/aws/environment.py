"""All that differs between the places that Sluice is deployed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.aws.network.choices import check_private, check_ui, check_zones
from infra.aws.uploads import Partner, check_distinct

if TYPE_CHECKING:
    from infra.aws.charts.choices import QuickSight
    from infra.aws.github import GitHub


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One place that Sluice is deployed to.

    Attributes:
        name: part of the stacks' names.
        keeps_data: what holds data outlives its stack, and cannot be deleted by mistake.
        stream_shards: provisioned shards of the changes stream; None lets it scale on demand.
        stream_hours: how long the changes stream keeps a record.
        query_gib: what one query of Athena may read at most; one that wants more is stopped.
        archive_days: how long events can be replayed.
        log_days: how long logs are kept.
        vpc_cidr: addresses of the VPC, a /16; networks that may be joined need different ones.
        zones: two availability zones by name, where the first two of the region will not do: not
            every zone has MWAA, or machines of database_class.
        nat_gateways: ways out of the private subnets; as many as zones, or one in all.
        endpoints: AWS services that are reached within the VPC instead of by NAT gateway.
        database_class: instance class of the warehouse, such as t4g.small.
        database_gib: storage of the warehouse at first; it grows by itself up to database_max_gib.
        database_max_gib: where storage stops to grow.
        database_standby: a standby in the other zone takes over when the warehouse fails.
        backup_days: how far back the warehouse can be restored to any second.
        airflow_class: size of MWAA's schedulers, workers and web servers.
        min_workers, max_workers: MWAA starts and ends workers between the two.
        public_ui: the Airflow UI answers on the internet, to who may log in by IAM; else in the
            VPC only.
        ui_cidrs: private ranges, such as a VPN's, whose people reach a UI that is in the VPC only.
        charts_cidrs: private ranges whose chart tools reach the warehouse, beside Airflow.
        budget_usd: what a month may cost; the alerts topic receives a warning before.
        alerts_email: address that receives all alarms and notices; none when None.
        failures_email: address that receives the notices of runs that failed, and nothing else;
            none when None.
        crawler: whether a crawler of Glue looks each night what is below lake/.
        partners: uploaders outside of the account.
        github: whose workflows may deploy it; none may when None.
        quicksight: who looks at the tables in QuickSight, which costs by the person; not there
            when None.
    """

    name: str
    keeps_data: bool
    stream_shards: int | None
    stream_hours: int
    query_gib: int
    archive_days: int
    log_days: int
    vpc_cidr: str
    nat_gateways: int
    endpoints: tuple[str, ...]
    database_class: str
    database_gib: int
    database_max_gib: int
    database_standby: bool
    backup_days: int
    airflow_class: str
    min_workers: int
    max_workers: int
    public_ui: bool
    budget_usd: int
    zones: tuple[str, ...] = ()
    ui_cidrs: tuple[str, ...] = ()
    charts_cidrs: tuple[str, ...] = ()
    alerts_email: str | None = None
    failures_email: str | None = None
    crawler: bool = False
    partners: tuple[Partner, ...] = ()
    github: GitHub | None = None
    quicksight: QuickSight | None = None

    def __post_init__(self) -> None:
        """Refuse partners that share a name or a place, and a network that cannot be.

        Raises:
            ValueError: says what they share, what is wrong with zones or a range, or that an
                address would have two subscriptions, where SNS keeps one.
        """
        if self.failures_email is not None and self.failures_email == self.alerts_email:
            raise ValueError(f"{self.failures_email} receives failures with all other notices")
        check_distinct(self.partners)
        check_zones(self.zones)
        check_private([self.vpc_cidr, *self.ui_cidrs, *self.charts_cidrs])
        check_ui(self.ui_cidrs, public=self.public_ui)

    @property
    def airflow_name(self) -> str:
        """Name of the MWAA environment; log groups and metrics carry it."""
        return f"sluice-{self.name}"

    @property
    def charts_prefix(self) -> str:
        """What ids of QuickSight begin with; all environments of an account share its ids."""
        return f"sluice-{self.name}"


DEV = Environment(
    name="dev",
    keeps_data=False,
    stream_shards=1,
    stream_hours=24,
    query_gib=10,
    archive_days=7,
    log_days=30,
    vpc_cidr="10.40.0.0/16",
    nat_gateways=1,
    endpoints=(),
    database_class="t4g.small",
    database_gib=20,
    database_max_gib=100,
    database_standby=False,
    backup_days=7,
    airflow_class="mw1.small",
    min_workers=1,
    max_workers=2,
    public_ui=True,
    budget_usd=600,
)
PROD = Environment(
    name="prod",
    keeps_data=True,
    stream_shards=None,
    # A week, so that a reader that broke on a Friday evening can still catch up.
    stream_hours=168,
    query_gib=50,
    archive_days=90,
    log_days=365,
    vpc_cidr="10.41.0.0/16",
    nat_gateways=2,
    endpoints=("logs", "secretsmanager", "sqs"),
    database_class="m7g.large",
    database_gib=100,
    database_max_gib=1000,
    database_standby=True,
    backup_days=35,
    airflow_class="mw1.medium",
    min_workers=2,
    max_workers=5,
    public_ui=False,
    budget_usd=2500,
)

ENVIRONMENTS = {environment.name: environment for environment in (DEV, PROD)}
