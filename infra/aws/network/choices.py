"""What an environment can choose of its network."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# https://datatracker.ietf.org/doc/html/rfc1918
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def check_zones(zones: Sequence[str]) -> None:
    """Refuse zones that MWAA, which takes exactly two, would refuse after half an hour.

    Arguments:
        zones: names of availability zones; none leaves the choice to CloudFormation.

    Raises:
        ValueError: they are neither none nor two.
    """
    if zones and (len(zones), len(set(zones))) != (2, 2):
        msg = f"MWAA takes two zones, not {', '.join(zones)}"
        raise ValueError(msg)


def check_private(cidrs: Sequence[str]) -> None:
    """Refuse ranges of addresses that are not private.

    Arguments:
        cidrs: such as 10.8.0.0/22.

    Raises:
        ValueError: names the range.
    """
    for cidr in cidrs:
        if not any(IPv4Network(cidr).subnet_of(private) for private in _PRIVATE):
            msg = f"{cidr} is not a private range"
            raise ValueError(msg)


def check_ui(cidrs: Sequence[str], *, public: bool) -> None:
    """Refuse ranges for a UI that they do not lead to.

    Arguments:
        cidrs: from where a private UI is to be reached.
        public: the UI answers on the internet, outside of the VPC.

    Raises:
        ValueError: there are ranges, and the UI is public.
    """
    if cidrs and public:
        msg = "a public UI is not in the VPC: ui_cidrs lead to a private one"
        raise ValueError(msg)
