"""What an environment can choose of its network, and what it cannot."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest

from infra.aws.environment import DEV, ENVIRONMENTS, PROD
from tests.unit.infra_aws.network.networks import Rule, ways_in
from tests.unit.infra_aws.templates import Template, of_type

RunCdk = Callable[..., subprocess.CompletedProcess[str]]

# Given what an environment may choose, as JSON, it prints the template of its network.
NETWORK_OF_OWN_CHOICE = """
import json, sys
from dataclasses import replace
from aws_cdk import App, Stack
from aws_cdk.assertions import Template
from infra.aws.environment import PROD
from infra.aws.network.vpc import Network
stack = Stack(App(), "Chosen")
chosen = {name: tuple(values) for name, values in json.loads(sys.argv[1]).items()}
Network(stack, "Network", environment=replace(PROD, **chosen))
print(json.dumps(Template.from_stack(stack).to_json()))
"""


@pytest.fixture(scope="session")
def chosen(run_cdk: RunCdk) -> Template:
    """Return the network of an environment that chooses zones, and from where its UI is reached."""
    wanted = {
        "charts_cidrs": ["10.9.0.0/24"],
        "ui_cidrs": ["10.8.0.0/22", "192.168.7.0/24"],
        "zones": ["us-east-1b", "us-east-1d"],
    }
    done = run_cdk("-c", NETWORK_OF_OWN_CHOICE, json.dumps(wanted))
    assert done.returncode == 0, done.stderr
    template: Template = json.loads(done.stdout)
    return template


def chosen_groups(chosen: Template) -> tuple[str, str]:
    """Return the logical ids of the groups of Airflow, which may talk to itself, and warehouse."""
    groups = of_type(chosen, "AWS::EC2::SecurityGroup")
    (airflow,) = (group for group in groups if Rule(group, None) in ways_in(chosen, group))
    (warehouse,) = groups.keys() - {airflow}
    return airflow, warehouse


def test_people_in_given_ranges_reach_a_private_ui_by_https(chosen: Template) -> None:
    airflow, _ = chosen_groups(chosen)
    assert [rule for rule in ways_in(chosen, airflow) if rule.other != airflow] == [
        Rule("10.8.0.0/22", 443),
        Rule("192.168.7.0/24", 443),
    ]


def test_chart_tools_in_given_ranges_reach_the_warehouse(chosen: Template) -> None:
    airflow, warehouse = chosen_groups(chosen)
    assert set(ways_in(chosen, warehouse)) == {Rule(airflow, 5432), Rule("10.9.0.0/24", 5432)}


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
    with pytest.raises(ValueError, match=re.escape(cidr)):
        replace(PROD, charts_cidrs=(cidr,))


def test_network_of_public_addresses_is_refused() -> None:
    with pytest.raises(ValueError, match="not a private range"):
        replace(DEV, vpc_cidr="11.0.0.0/16")


def test_ranges_for_a_ui_that_is_public_are_refused() -> None:
    with pytest.raises(ValueError, match="lead to a private one"):
        replace(DEV, ui_cidrs=("10.8.0.0/22",))


def test_no_environment_ships_with_ranges_that_reach_its_ui() -> None:
    assert {environment.ui_cidrs for environment in ENVIRONMENTS.values()} == {()}


def test_no_environment_ships_with_ranges_that_reach_its_warehouse() -> None:
    assert {environment.charts_cidrs for environment in ENVIRONMENTS.values()} == {()}
