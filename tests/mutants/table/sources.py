"""Guards of what comes in: addresses, answers, files and their bytes."""

from __future__ import annotations

from typing import Final

from tests.mutants.guard import Edit, Guard

_ADDRESSES: Final = "tests/unit/core/web/test_web_addresses.py"
_OBJECTS: Final = "tests/integration/test_faults_objects.py"
_ORIGINS: Final = "include/core/web/origins.py"

GUARDS: Final = (
    Guard(
        "hosts",
        "a redirect leads to a host that the dataset does not name",
        (Edit(_ORIGINS, "if origin.host not in self.hosts or ", "if "),),
        (f"{_ADDRESSES}::test_redirect_to_what_is_not_allow_listed_is_forbidden",),
    ),
    Guard(
        "port of a host",
        "a redirect leads to another port of a host that the dataset names",
        (Edit(_ORIGINS, ' or origin.port != DEFAULT_PORTS["https"]', ""),),
        (f"{_ADDRESSES}::test_redirect_to_what_is_not_allow_listed_is_forbidden",),
    ),
    Guard(
        "https",
        "a file is fetched in the clear",
        (Edit(_ORIGINS, 'if origin.scheme != "https":', "if False:"),),
        (f"{_ADDRESSES}::test_redirect_to_plain_http_is_forbidden_even_on_an_allowed_host",),
    ),
    Guard(
        "private addresses",
        "a name of the allow-list leads into a private network",
        (Edit(_ORIGINS, "if not is_public(address):", "if False:"),),
        (f"{_ADDRESSES}::test_redirect_to_a_private_loopback_or_link_local_address_is_forbidden",),
    ),
    Guard(
        "private addresses in IPv6",
        "a private address in the notation of another protocol",
        (Edit(_ORIGINS, "if inner is not None:", "if False:"),),
        (f"{_ADDRESSES}::test_only_addresses_in_the_public_internet_are_public",),
    ),
    Guard(
        "stand-ins",
        "a stand-in of the laptop admits other addresses of its machine",
        (
            Edit(
                _ORIGINS,
                "if origin in {origin_of(stand_in) for stand_in in self.stand_ins}:",
                "if self.stand_ins:",
            ),
        ),
        (f"{_ADDRESSES}::test_stand_in_admits_its_exact_origin_alone",),
    ),
    Guard(
        "credentials",
        "a redirect takes credentials to another host",
        (
            Edit(
                "include/core/web/client.py",
                "if origin == origin_of(url) else {}",
                "if origin else {}",
            ),
        ),
        (f"{_ADDRESSES}::test_credentials_stay_with_their_origin_on_a_redirect",),
    ),
    Guard(
        "words of an exchange",
        "an address with its query stands in logs",
        (
            Edit(
                "include/core/web/exchange.py",
                "raise UnansweredError(_problem(error, time_limit)) from None",
                "raise UnansweredError(_problem(error, time_limit)) from error",
            ),
            Edit(
                "include/core/web/client.py",
                ' s. Try again {when}"\n            ) from None',
                ' s. Try again {when}"\n            ) from error',
            ),
        ),
        (
            "tests/unit/core/web/test_web.py::test_address_that_refuses_connections_is_named_without_its_query",
        ),
    ),
    Guard(
        "archive",
        "a handed-over or archived object that was altered is loaded",
        (Edit("include/core/aws/objects.py", "if _save(answer, to) != sha256:", "if False:"),),
        (f"{_OBJECTS}::test_hand_over_that_is_not_what_was_put_there_stops_the_run",),
    ),
)
