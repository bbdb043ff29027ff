from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from include.core.web.client import Web
from include.core.web.origins import is_public
from include.errors import ForbiddenAddressError, SourceRefusedError, SourceUnavailableError
from tests.support.fake_server import (
    CSV,
    MAX_BYTES,
    FakeServer,
    answers,
    fetch,
    ok,
    redirect,
    web_for,
)

if TYPE_CHECKING:
    from pathlib import Path


def brief(server: FakeServer, host: str) -> Web:
    """Fetches from a host, and for a second only: were it let through, nobody would answer."""
    return Web(hosts=(host,), stand_ins=(server.url,), request_seconds=1, retry_seconds=0)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirect_within_the_allow_list_is_followed(target: Path, code: int) -> None:
    with answers(redirect("/other.csv?x=1", code), ok) as server:
        assert fetch(server, target).size_bytes == len(CSV)
        assert [path for path, _ in server.seen] == ["/file.csv", "/other.csv?x=1"]


def test_five_redirects_are_followed_and_six_are_not(target: Path) -> None:
    with answers(*[redirect("/next")] * 5, ok) as server:
        fetch(server, target)
    with answers(*[redirect("/next")] * 6, ok) as server:
        with pytest.raises(SourceRefusedError, match="more than 5 times"):
            fetch(server, target)
        assert len(server.seen) == 6


def test_redirect_to_another_host_is_forbidden(target: Path) -> None:
    with answers(ok) as other, answers(redirect(f"{other.url}/file.csv")) as server:
        with pytest.raises(ForbiddenAddressError):
            fetch(server, target, retry_seconds=300)
        assert other.seen == []
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/",
        "//example.com/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://user:password@raw.example/",
        "https://example.com\\@raw.example/",
        "https://raw.example:8443/",
        "https://raw.example.:443/",
        "http://raw.example/",
        "http://[::1/",
        "http://127.0.0.1:99999/",
    ],
)
def test_redirect_to_what_is_not_allow_listed_is_forbidden(target: Path, address: str) -> None:
    with answers(redirect(address)) as server:
        web = brief(server, "raw.example")
        with pytest.raises(ForbiddenAddressError):
            web.download(server.url, to=target, max_bytes=1)


def test_redirect_to_plain_http_is_forbidden_even_on_an_allowed_host(target: Path) -> None:
    with answers(redirect("http://raw.example/")) as server:
        web = brief(server, "raw.example")
        with pytest.raises(ForbiddenAddressError, match="not https"):
            web.download(server.url, to=target, max_bytes=1)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "localhost"]
)
def test_redirect_to_a_private_loopback_or_link_local_address_is_forbidden(
    target: Path, host: str
) -> None:
    with answers(redirect(f"https://{host}/")) as server:
        web = brief(server, host)
        with pytest.raises(ForbiddenAddressError, match="not a public address"):
            web.download(server.url, to=target, max_bytes=1)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("140.82.121.6", True),
        ("2606:50c0:8000::154", True),
        ("64:ff9b::8c52:7906", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("172.31.255.255", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing binds to it
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
    ],
)
def test_only_addresses_in_the_public_internet_are_public(address: str, *, public: bool) -> None:
    assert is_public(address) is public


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's TLS settings with a certificate for 127.0.0.1 that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    unlocked = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    both = folder / "server.pem"
    both.write_bytes(key.private_bytes(*unlocked) + certificate.public_bytes(Encoding.PEM))
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(both)
    return settings


def test_server_that_cannot_prove_its_name_gets_no_request(
    target: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = self_signed(tmp_path_factory.mktemp("tls"))
    with FakeServer(ok, tls=settings) as server:
        with pytest.raises(SourceUnavailableError, match="certificate"):
            fetch(server, target)
        assert server.seen == []


def test_stand_in_admits_its_exact_origin_alone(target: Path) -> None:
    with answers(ok) as server:
        other_name = server.url.replace("127.0.0.1", "localhost")
        with pytest.raises(ForbiddenAddressError):
            web_for(server.url).download(other_name, to=target, max_bytes=MAX_BYTES)
        assert server.seen == []


def test_credentials_stay_with_their_origin_on_a_redirect(target: Path) -> None:
    with answers(ok) as other, answers(redirect(f"{other.url}/file.csv")) as server:
        web = Web(hosts=(), stand_ins=(server.url, other.url))
        secret = {"Authorization": "Bearer abc", "X-Api-Key": "def"}
        web.download(server.url, to=target, max_bytes=MAX_BYTES, headers=secret)
    assert secret.items() <= server.seen[0][1].items()
    assert not secret.keys() & other.seen[0][1].keys()


def test_proxies_and_netrc_of_the_environment_are_not_used(
    target: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("default login ann password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with answers(ok) as server:
        fetch(server, target)
        assert "Authorization" not in server.seen[0][1]
