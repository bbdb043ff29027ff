"""Which addresses may be fetched from: an allow-list of origins, none in private networks."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from include.errors import ForbiddenAddressError

DEFAULT_PORTS = {"https": 443, "http": 80}
# Addresses of IPv4 hosts as an IPv6 network reaches them: https://www.rfc-editor.org/rfc/rfc6052
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Scheme, host and port of an address (https://www.rfc-editor.org/rfc/rfc6454)."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def origin_of(url: str) -> Origin:
    """The origin of an absolute address.

    Raises:
        ForbiddenAddressError: no http(s) address, or one with a user name or password in it.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ForbiddenAddressError("An address that cannot be read is not fetched") from None
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise ForbiddenAddressError("An address that is neither https nor http is not fetched")
    if "@" in parts.netloc:
        raise ForbiddenAddressError(f"Take the user name out of the address of {host}")
    return Origin(scheme=parts.scheme, host=host, port=port or DEFAULT_PORTS[parts.scheme])


def safe_address(url: str) -> str:
    """The address without what may be secret: user name, query and fragment."""
    return f"{origin_of(url)}{urlsplit(url).path}"


@dataclass(frozen=True, kw_only=True)
class AllowList:
    """Where requests may go.

    A name that changes its address between this check and the connection gains nothing: hosts
    are reached by https alone, and the certificate proves the name.

    Attributes:
        hosts: host names, https on its usual port only.
        stand_ins: exact origins such as http://127.0.0.1:41234, which may be plain and local.
    """

    hosts: tuple[str, ...]
    stand_ins: tuple[str, ...] = ()

    def check(self, url: str) -> Origin:
        """The origin of an address that may be fetched.

        Raises:
            ForbiddenAddressError: another host, scheme or port, or a host one of whose addresses
                is not public.
            OSError: the host's name could not be resolved.
        """
        origin = origin_of(url)
        if origin in {origin_of(stand_in) for stand_in in self.stand_ins}:
            return origin
        if origin.scheme != "https":
            raise ForbiddenAddressError(f"{origin} is not https; only https is fetched")
        if origin.host not in self.hosts or origin.port != DEFAULT_PORTS["https"]:
            raise ForbiddenAddressError(
                f"{origin} is not among the hosts to fetch from ({', '.join(self.hosts)})"
            )
        # Each of them: the connection may go to any.
        for address in _addresses(origin):
            if not is_public(address):
                raise ForbiddenAddressError(
                    f"{origin} leads to {address}, which is not a public address"
                )
        return origin


def _addresses(origin: Origin) -> list[str]:
    found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def is_public(address: str) -> bool:
    """Whether an IP address lies in the public internet, seen through IPv4-in-IPv6 notations.

    Private, loopback, link-local, shared, multicast and reserved ranges are not
    (https://www.iana.org/assignments/iana-ipv4-special-registry).
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved
