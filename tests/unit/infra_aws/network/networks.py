"""Reading the network of a template: subnets by where they lead, security groups by their use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.unit.infra_aws.templates import of_type

if TYPE_CHECKING:
    from tests.unit.infra_aws.templates import Template

ANYWHERE = "0.0.0.0/0"
# EC2 gives a group without a way out one to anywhere; CDK gives it this one, to nobody.
NOWHERE = "255.255.255.255/32"


@dataclass(frozen=True, order=True)
class Rule:
    """Who is let in, or where one is let out to.

    Attributes:
        other: logical id of a group, or a range of addresses.
        port: None stands for all ports of all protocols.
    """

    other: str
    port: int | None


def the_only(template: Template, kind: str) -> dict[str, Any]:
    """Return properties of the one resource of a type."""
    (properties,) = of_type(template, kind).values()
    found: dict[str, Any] = properties
    return found


def airflow_group(template: Template) -> str:
    """Return the logical id of the only security group of MWAA."""
    environment = the_only(template, "AWS::MWAA::Environment")
    return _group_in(environment["NetworkConfiguration"]["SecurityGroupIds"])


def database_group(template: Template) -> str:
    """Return the logical id of the only security group of the warehouse."""
    return _group_in(the_only(template, "AWS::RDS::DBInstance")["VPCSecurityGroups"])


def interface_endpoints(template: Template) -> list[dict[str, Any]]:
    """Return the endpoints that have addresses in the VPC; those of gateways are routes."""
    found = of_type(template, "AWS::EC2::VPCEndpoint").values()
    return [endpoint for endpoint in found if endpoint["VpcEndpointType"] == "Interface"]


def given_groups(template: Template) -> list[list[str]]:
    """Return the logical ids of its groups for each resource that EC2 gives the default one else.

    Gateway endpoints are entries of route tables and have no address.
    """
    wanting = {
        "AWS::MWAA::Environment": lambda it: it["NetworkConfiguration"]["SecurityGroupIds"],
        "AWS::RDS::DBInstance": lambda it: it["VPCSecurityGroups"],
        "AWS::EC2::VPCEndpoint": lambda it: it["SecurityGroupIds"],
    }
    return [
        [group["Fn::GetAtt"][0] for group in wanting[resource["Type"]](resource["Properties"])]
        for resource in template["Resources"].values()
        if resource["Type"] in wanting
        and resource["Properties"].get("VpcEndpointType") != "Gateway"
    ]


def ways_in(template: Template, group: str) -> list[Rule]:
    """Return whom a security group admits, whatever resource says so."""
    return _rules(template, group, "Ingress")


def ways_out(template: Template, group: str) -> list[Rule]:
    """Return where a security group lets out to, whatever resource says so."""
    return [rule for rule in _rules(template, group, "Egress") if rule.other != NOWHERE]


def subnets(template: Template, leads_to: str | None) -> dict[str, dict[str, Any]]:
    """Return subnets by logical id.

    Arguments:
        template: where they are.
        leads_to: the property of their default route that says by what they lead out, such as
            NatGatewayId; None for those that have no route of their own at all.
    """
    tables = {
        association["SubnetId"]["Ref"]: association["RouteTableId"]["Ref"]
        for association in of_type(template, "AWS::EC2::SubnetRouteTableAssociation").values()
    }
    return {
        logical_id: subnet
        for logical_id, subnet in of_type(template, "AWS::EC2::Subnet").items()
        if set(_ways(template, tables[logical_id])) == ({leads_to} if leads_to else set())
    }


def routes(template: Template, subnet: str) -> list[dict[str, Any]]:
    """Return the routes of a subnet's table."""
    (table,) = (
        association["RouteTableId"]
        for association in of_type(template, "AWS::EC2::SubnetRouteTableAssociation").values()
        if association["SubnetId"] == {"Ref": subnet}
    )
    found = of_type(template, "AWS::EC2::Route").values()
    return [route for route in found if route["RouteTableId"] == table]


def _ways(template: Template, table: str) -> list[str]:
    return [
        name
        for route in of_type(template, "AWS::EC2::Route").values()
        if route["RouteTableId"] == {"Ref": table}
        for name in route.keys() - {"DestinationCidrBlock", "RouteTableId"}
    ]


def _group_in(given: list[dict[str, Any]]) -> str:
    ((logical_id, attribute),) = (group["Fn::GetAtt"] for group in given)
    assert attribute == "GroupId"
    return str(logical_id)


def _rules(template: Template, group: str, direction: str) -> list[Rule]:
    own = of_type(template, "AWS::EC2::SecurityGroup")[group].get(f"SecurityGroup{direction}", [])
    apart = [
        rule
        for rule in of_type(template, f"AWS::EC2::SecurityGroup{direction}").values()
        if rule["GroupId"] == {"Fn::GetAtt": [group, "GroupId"]}
    ]
    return sorted(map(_rule, [*own, *apart]))


def _rule(given: dict[str, Any]) -> Rule:
    end = given.get("SourceSecurityGroupId") or given.get("DestinationSecurityGroupId")
    other = _group_in([end]) if end else given["CidrIp"]
    if given["IpProtocol"] == "-1":
        return Rule(other, None)
    if other == NOWHERE:
        return Rule(other, 0)
    assert (given["IpProtocol"], given["FromPort"]) == ("tcp", given["ToPort"])
    return Rule(other, given["FromPort"])
