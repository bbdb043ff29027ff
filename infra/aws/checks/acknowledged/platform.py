"""Findings that stay in the network and the warehouse."""

from __future__ import annotations

from infra.aws.checks.acknowledgement import Acknowledgement

_OF_WAREHOUSE = (
    Acknowledgement(
        rules=("AwsSolutions-RDS11",),
        stack="platform",
        resources=("Database/Instance/Resource",),
        reason=(
            "Another port than 5432 would not hide the warehouse: it has no route to the "
            "internet, and admits Airflow's security group and private ranges that are named."
        ),
    ),
    Acknowledgement(
        rules=("NIST.800.53.R5-RDSInBackupPlan",),
        stack="platform",
        resources=("Database/Instance/Resource",),
        reason=(
            "RDS's own backups restore any second of the last 7 days in dev and 35 in prod. A plan "
            "would add copies in another region, which is not covered: see docs/recovery.md."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-RDS3", "NIST.800.53.R5-RDSMultiAZSupport"),
        stack="platform",
        resources=("Database/Instance/Resource",),
        environments=("dev",),
        reason=(
            "A standby doubles the price of the instance; dev may be away for as long as a restore "
            "takes. Prod has one."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-RDS10", "NIST.800.53.R5-RDSInstanceDeletionProtectionEnabled"),
        stack="platform",
        resources=("Database/Instance/Resource",),
        environments=("dev",),
        reason=(
            "Dev is there to be destroyed and made again by two commands, the first of which asks "
            "for its name. Prod's instance is protected and leaves a snapshot."
        ),
    ),
    Acknowledgement(
        rules=("AwsSolutions-SMG4", "NIST.800.53.R5-SecretsManagerRotationEnabled"),
        stack="platform",
        resources=(
            "Connections/sluice_migrations/Resource",
            "Connections/sluice_warehouse/Resource",
        ),
        reason=(
            "They hold the address of the warehouse and the user, and nothing to rotate: "
            "the loader uses tokens of IAM, and RDS rotates the owner's password every week in a "
            "secret of its own."
        ),
    ),
)

_OF_NETWORK = (
    Acknowledgement(
        rules=("NIST.800.53.R5-EC2RestrictedCommonPorts",),
        stack="platform",
        resources=("Network/Airflow/from sluice{environment}platformNetworkAirflow:ALL TRAFFIC",),
        reason=(
            "The rule admits members of the group itself and no address: MWAA's schedulers, "
            "workers, web server and metadata database talk to each other in it, as MWAA's "
            "documentation recommends."
        ),
    ),
    Acknowledgement(
        rules=("NIST.800.53.R5-VPCDefaultSecurityGroupClosed",),
        stack="platform",
        resources=("Network/Vpc/Resource",),
        reason=(
            "Nothing is in the default group, which a test holds. CloudFormation cannot take away "
            "its rules; CDK's way is a Lambda function with the right to change security groups, "
            "which would be the greater risk."
        ),
    ),
    Acknowledgement(
        rules=("NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW",),
        stack="platform",
        resources=(
            "Network/Vpc/PublicSubnet1/DefaultRoute",
            "Network/Vpc/PublicSubnet2/DefaultRoute",
        ),
        reason=(
            "The way out of the NAT gateways, which are all that is in these two subnets and take "
            "no connection from outside; GitHub and the weather API have no fixed addresses."
        ),
    ),
)

OF_PLATFORM = (*_OF_WAREHOUSE, *_OF_NETWORK)
