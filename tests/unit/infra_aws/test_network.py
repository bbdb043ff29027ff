"""What the network promises: who is where, who reaches whom, and what is written down of it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from infra.aws.environment import DEV, ENVIRONMENTS, PROD
from tests.unit.infra_aws.networks import (
    ANYWHERE,
    Rule,
    airflow_group,
    database_group,
    given_groups,
    routes,
    subnets,
    the_only,
    ways_in,
    ways_out,
)
from tests.unit.infra_aws.templates import ACCOUNT, REGION, Template, mentions, of_type, resolved

RunCdk = Callable[..., subprocess.CompletedProcess[str]]

# Given what an environment may choose, as JSON, it prints the template of its network.
NETWORK_OF_OWN_CHOICE = """
import json, sys
from dataclasses import replace
from aws_cdk import App, Stack
from aws_cdk.assertions import Template
from infra.aws.environment import PROD
from infra.aws.platform.network import Network
stack = Stack(App(), "Chosen")
chosen = {name: tuple(values) for name, values in json.loads(sys.argv[1]).items()}
Network(stack, "Network", environment=replace(PROD, **chosen))
print(json.dumps(Template.from_stack(stack).to_json()))
"""


def interface_endpoints(template: Template) -> list[dict[str, Any]]:
    found = of_type(template, "AWS::EC2::VPCEndpoint").values()
    return [endpoint for endpoint in found if endpoint["VpcEndpointType"] == "Interface"]


def service(endpoint: dict[str, Any]) -> str:
    return str(resolved(endpoint["ServiceName"])).removeprefix(f"com.amazonaws.{REGION}.")


@pytest.fixture(scope="session")
def chosen(run_cdk: RunCdk) -> Template:
    """Return the network of an environment that chooses zones, and from where its UI is reached."""
    wanted = {
        "ui_cidrs": ["10.8.0.0/22", "192.168.7.0/24"],
        "zones": ["us-east-1b", "us-east-1d"],
    }
    done = run_cdk("python", "-c", NETWORK_OF_OWN_CHOICE, json.dumps(wanted))
    assert done.returncode == 0, done.stderr
    template: Template = json.loads(done.stdout)
    return template


def flow_log_group(template: Template) -> str:
    """Return the logical id of the log group of the only flow log."""
    logical_id, _ = the_only(template, "AWS::EC2::FlowLog")["LogDestination"]["Fn::GetAtt"]
    return str(logical_id)


@pytest.mark.parametrize("leads_to", ["GatewayId", "NatGatewayId", None])
def test_two_zones_have_a_public_a_private_and_an_isolated_subnet_each(
    platform: Template, leads_to: str | None
) -> None:
    assert len(of_type(platform, "AWS::EC2::Subnet")) == 6
    found = subnets(platform, leads_to).values()
    zones = [json.dumps(subnet["AvailabilityZone"]["Fn::Select"][0]) for subnet in found]
    assert sorted(zones) == ["0", "1"]


def test_nothing_in_the_isolated_subnets_has_a_route_out(platform: Template) -> None:
    for subnet in subnets(platform, None):
        assert routes(platform, subnet) == []
    tables = [
        association["RouteTableId"]["Ref"]
        for association in of_type(platform, "AWS::EC2::SubnetRouteTableAssociation").values()
        if association["SubnetId"]["Ref"] in subnets(platform, None)
    ]
    for endpoint in of_type(platform, "AWS::EC2::VPCEndpoint").values():
        assert not any(mentions(endpoint, table) for table in tables)


def test_warehouse_is_in_the_isolated_subnets_and_airflow_in_the_private_ones(
    platform: Template,
) -> None:
    environment = the_only(platform, "AWS::MWAA::Environment")
    warehouse = the_only(platform, "AWS::RDS::DBSubnetGroup")
    for used, kind in (
        (environment["NetworkConfiguration"]["SubnetIds"], "NatGatewayId"),
        (warehouse["SubnetIds"], None),
    ):
        assert {subnet["Ref"] for subnet in used} == subnets(platform, kind).keys()


def test_public_subnets_hold_nat_gateways_and_nothing_else(platform: Template) -> None:
    for subnet in subnets(platform, "GatewayId"):
        inside = {
            resource["Type"]
            for resource in platform["Resources"].values()
            if mentions(resource["Properties"], subnet)
        }
        assert inside <= {"AWS::EC2::NatGateway", "AWS::EC2::SubnetRouteTableAssociation"}


def test_nothing_but_a_nat_gateway_has_a_public_address(platform: Template) -> None:
    for subnet in of_type(platform, "AWS::EC2::Subnet").values():
        assert subnet["MapPublicIpOnLaunch"] is False
    addresses = of_type(platform, "AWS::EC2::EIP")
    gateways = of_type(platform, "AWS::EC2::NatGateway").values()
    assert {gateway["AllocationId"]["Fn::GetAtt"][0] for gateway in gateways} == addresses.keys()


def test_one_nat_gateway_serves_dev_and_one_a_zone_prod(
    dev_platform: Template, prod_platform: Template
) -> None:
    assert len(of_type(dev_platform, "AWS::EC2::NatGateway")) == 1
    assert len(of_type(prod_platform, "AWS::EC2::NatGateway")) == 2


def test_in_prod_each_private_subnet_goes_out_by_its_own_zone(prod_platform: Template) -> None:
    everywhere = of_type(prod_platform, "AWS::EC2::Subnet")
    for logical_id, subnet in subnets(prod_platform, "NatGatewayId").items():
        (route,) = routes(prod_platform, logical_id)
        gateway = of_type(prod_platform, "AWS::EC2::NatGateway")[route["NatGatewayId"]["Ref"]]
        beside = everywhere[gateway["SubnetId"]["Ref"]]
        assert beside["AvailabilityZone"] == subnet["AvailabilityZone"]


def test_s3_and_dynamodb_are_reached_past_the_nat_gateways(platform: Template) -> None:
    tables = {
        route["RouteTableId"]["Ref"]
        for subnet in subnets(platform, "NatGatewayId")
        for route in routes(platform, subnet)
    }
    found = of_type(platform, "AWS::EC2::VPCEndpoint").values()
    gateways = [endpoint for endpoint in found if endpoint["VpcEndpointType"] == "Gateway"]
    assert sorted(map(service, gateways)) == ["dynamodb", "s3"]
    for endpoint in gateways:
        assert {table["Ref"] for table in endpoint["RouteTableIds"]} == tables


def test_each_environment_has_the_interface_endpoints_that_it_names(
    dev_platform: Template, prod_platform: Template
) -> None:
    assert sorted(map(service, interface_endpoints(dev_platform))) == sorted(DEV.endpoints)
    assert sorted(map(service, interface_endpoints(prod_platform))) == sorted(PROD.endpoints)


def test_interface_endpoints_answer_airflow_alone_by_the_names_of_the_services(
    prod_platform: Template,
) -> None:
    endpoints = interface_endpoints(prod_platform)
    assert len({json.dumps(endpoint["SecurityGroupIds"]) for endpoint in endpoints}) == 1
    ((group, _),) = (given["Fn::GetAtt"] for given in endpoints[0]["SecurityGroupIds"])
    assert ways_in(prod_platform, group) == [Rule(airflow_group(prod_platform), 443)]
    assert ways_out(prod_platform, group) == []
    for endpoint in endpoints:
        assert endpoint["PrivateDnsEnabled"] is True
        inside = {subnet["Ref"] for subnet in endpoint["SubnetIds"]}
        assert inside == subnets(prod_platform, "NatGatewayId").keys()


def test_airflow_is_reached_by_itself_only(platform: Template) -> None:
    airflow = airflow_group(platform)
    assert ways_in(platform, airflow) == [Rule(airflow, None)]


def test_airflow_reaches_itself_the_warehouse_and_https(platform: Template) -> None:
    airflow = airflow_group(platform)
    assert set(ways_out(platform, airflow)) == {
        Rule(airflow, None),
        Rule(database_group(platform), 5432),
        Rule(ANYWHERE, 443),
    }


def test_warehouse_is_reached_by_airflow_only_and_reaches_nobody(platform: Template) -> None:
    warehouse = database_group(platform)
    assert ways_in(platform, warehouse) == [Rule(airflow_group(platform), 5432)]
    assert ways_out(platform, warehouse) == []


def test_no_security_group_admits_addresses(platform: Template) -> None:
    groups = of_type(platform, "AWS::EC2::SecurityGroup")
    for group in groups:
        assert {rule.other for rule in ways_in(platform, group)} <= groups.keys()


def test_whatever_has_an_address_in_the_vpc_names_its_security_groups(platform: Template) -> None:
    groups = of_type(platform, "AWS::EC2::SecurityGroup")
    found = given_groups(platform)
    assert found
    for given in found:
        assert given
        assert set(given) <= groups.keys()


def test_default_security_group_is_used_for_nothing(platform: Template) -> None:
    assert "DefaultSecurityGroup" not in json.dumps(platform)


def test_network_needs_no_code_of_its_own_to_be_made(platform: Template) -> None:
    made = {resource["Type"] for resource in platform["Resources"].values()}
    assert not {kind for kind in made if kind.startswith(("AWS::Lambda::", "Custom::"))}
    assert "AWS::CloudFormation::CustomResource" not in made


def test_all_traffic_of_the_vpc_is_written_down(platform: Template) -> None:
    ((vpc, _),) = of_type(platform, "AWS::EC2::VPC").items()
    flow_log = the_only(platform, "AWS::EC2::FlowLog")
    assert (flow_log["ResourceType"], flow_log["ResourceId"]) == ("VPC", {"Ref": vpc})
    assert flow_log["TrafficType"] == "ALL"
    assert flow_log["LogDestinationType"] == "cloud-watch-logs"
    assert flow_log["LogDestination"] == {"Fn::GetAtt": [flow_log_group(platform), "Arn"]}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_flow_logs_are_kept_as_long_as_the_environment_says(
    name: str, request: pytest.FixtureRequest
) -> None:
    template = request.getfixturevalue(f"{name}_platform")
    group = template["Resources"][flow_log_group(template)]
    assert group["Properties"]["RetentionInDays"] == ENVIRONMENTS[name].log_days
    kept = "Retain" if ENVIRONMENTS[name].keeps_data else "Delete"
    assert (group["DeletionPolicy"], group["UpdateReplacePolicy"]) == (kept, kept)


def test_flow_logs_have_a_key_that_cloudwatch_uses_for_them_alone(platform: Template) -> None:
    group = platform["Resources"][flow_log_group(platform)]["Properties"]
    key = of_type(platform, "AWS::KMS::Key")[group["KmsKeyId"]["Fn::GetAtt"][0]]
    assert key["EnableKeyRotation"] is True
    account, service_of_logs = key["KeyPolicy"]["Statement"]
    assert resolved(account["Principal"]) == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert resolved(service_of_logs["Principal"]) == {"Service": f"logs.{REGION}.amazonaws.com"}
    name = resolved(group["LogGroupName"])
    assert resolved(service_of_logs["Condition"]) == {
        "ArnEquals": {
            "kms:EncryptionContext:aws:logs:arn": [
                f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
            ]
        }
    }


def test_who_writes_flow_logs_writes_nothing_else_and_for_this_account_only(
    platform: Template,
) -> None:
    flow_log = the_only(platform, "AWS::EC2::FlowLog")
    writer, _ = flow_log["DeliverLogsPermissionArn"]["Fn::GetAtt"]
    role = of_type(platform, "AWS::IAM::Role")[writer]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert resolved(trust["Condition"]) == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/*"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    (policy,) = role["Policies"]
    (allowed,) = policy["PolicyDocument"]["Statement"]
    assert allowed["Action"] == [
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ]
    assert allowed["Resource"] == {"Fn::GetAtt": [flow_log_group(platform), "Arn"]}
    assert "ManagedPolicyArns" not in role


def test_environments_have_networks_that_could_be_joined(
    dev_platform: Template, prod_platform: Template
) -> None:
    dev, prod = (
        ip_network(the_only(template, "AWS::EC2::VPC")["CidrBlock"])
        for template in (dev_platform, prod_platform)
    )
    assert not dev.overlaps(prod)


def test_people_in_given_ranges_reach_a_private_ui_by_https(chosen: Template) -> None:
    found = of_type(chosen, "AWS::EC2::SecurityGroup").values()
    ways = [rule for group in found for rule in group.get("SecurityGroupIngress", [])]
    assert [(w["CidrIp"], w["IpProtocol"], w["FromPort"], w["ToPort"]) for w in ways] == [
        ("10.8.0.0/22", "tcp", 443, 443),
        ("192.168.7.0/24", "tcp", 443, 443),
    ]


def test_subnets_are_in_given_zones(chosen: Template) -> None:
    found = of_type(chosen, "AWS::EC2::Subnet").values()
    zones = sorted(subnet["AvailabilityZone"] for subnet in found)
    assert zones == ["us-east-1b"] * 3 + ["us-east-1d"] * 3


@pytest.mark.parametrize("zones", [("us-east-1a",), ("us-east-1a", "us-east-1a"), ("a", "b", "c")])
def test_zones_that_are_not_two_are_refused(zones: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=f"two zones, not {', '.join(zones)}"):
        replace(PROD, zones=zones)


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "8.8.8.0/24", "10.0.0.0/7", "10.8.0.1/22", "vpn"])
def test_range_that_is_not_private_is_refused(cidr: str) -> None:
    with pytest.raises(ValueError, match=re.escape(cidr)):
        replace(PROD, ui_cidrs=(cidr,))


def test_ranges_for_a_ui_that_is_public_are_refused() -> None:
    with pytest.raises(ValueError, match="lead to a private one"):
        replace(DEV, ui_cidrs=("10.8.0.0/22",))


def test_no_environment_ships_with_ranges_that_reach_its_ui() -> None:
    assert {environment.ui_cidrs for environment in ENVIRONMENTS.values()} == {()}
