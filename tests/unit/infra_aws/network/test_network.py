"""What the network promises: who is where, and by which way out."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Any

import pytest

from infra.aws.environment import DEV, PROD
from tests.unit.infra_aws.network.networks import interface_endpoints, routes, subnets, the_only
from tests.unit.infra_aws.templates import REGION, Template, mentions, of_type, resolved


def service(endpoint: dict[str, Any]) -> str:
    return str(resolved(endpoint["ServiceName"])).removeprefix(f"com.amazonaws.{REGION}.")


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


def test_network_needs_no_code_of_its_own_to_be_made(platform: Template) -> None:
    made = {resource["Type"] for resource in platform["Resources"].values()}
    assert not {kind for kind in made if kind.startswith(("AWS::Lambda::", "Custom::"))}
    assert "AWS::CloudFormation::CustomResource" not in made


def test_environments_have_networks_that_could_be_joined(
    dev_platform: Template, prod_platform: Template
) -> None:
    dev, prod = (
        ip_network(the_only(template, "AWS::EC2::VPC")["CidrBlock"])
        for template in (dev_platform, prod_platform)
    )
    assert not dev.overlaps(prod)
