"""Who reaches whom: what security groups promise, whatever resource says so."""

from __future__ import annotations

import json

from tests.unit.infra_aws.network.networks import (
    ANYWHERE,
    Rule,
    airflow_group,
    database_group,
    given_groups,
    interface_endpoints,
    subnets,
    ways_in,
    ways_out,
)
from tests.unit.infra_aws.templates import Template, of_type


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


def test_interface_endpoint_admits_airflow_before_it_takes_the_name_of_its_service(
    prod_platform: Template,
) -> None:
    resources = prod_platform["Resources"]
    ways = {
        logical_id
        for logical_id, rule in of_type(prod_platform, "AWS::EC2::SecurityGroupIngress").items()
        if rule.get("FromPort") == 443
    }
    assert ways
    for resource in resources.values():
        if resource["Properties"].get("VpcEndpointType") == "Interface":
            assert ways <= set(resource["DependsOn"])


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
