"""startup.sh against a real HTTP server, run and read by a shell as MWAA does."""

from __future__ import annotations

import os
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import pytest

from infra.package.build import STARTUP_SCRIPT

if TYPE_CHECKING:
    from collections.abc import Iterator

END = "-----END CERTIFICATE-----\n"
BUNDLE = END.join(Path(certifi.where()).read_text().split(END)[:3]).encode() + END.encode()
HALF = BUNDLE[: len(BUNDLE) // 2]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server answers to one request.

    Attributes:
        status, body: of the answer.
        length: what it says its length is; None for nothing, as if the body ended with the
            connection.
    """

    status: int = 200
    body: bytes = BUNDLE
    length: int | None = len(BUNDLE)


GOOD = Answer()
FAILED = Answer(status=500, body=b"", length=0)
CUT_OFF = Answer(body=HALF)


@dataclass
class CertificateServer:
    """Gives one answer after the other, the last of them for ever."""

    answers: list[Answer] = field(default_factory=lambda: [GOOD])
    asked: int = 0
    url: str = ""


@pytest.fixture
def server() -> Iterator[CertificateServer]:
    state = CertificateServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = state.answers[min(state.asked, len(state.answers) - 1)]
            state.asked += 1
            self.send_response(answer.status)
            if answer.length is not None:
                self.send_header("Content-Length", str(answer.length))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        state.url = f"http://127.0.0.1:{http.server_port}/global-bundle.pem"
        yield state
        http.shutdown()
        thread.join()


@dataclass(frozen=True)
class Component:
    """One of Airflow's components as it starts: runs scripts with MWAA's settings."""

    home: Path
    url: str

    def start(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "AIRFLOW_HOME": str(self.home),
            "MWAA_AIRFLOW_COMPONENT": "worker",
            "SLUICE_CERTIFICATES_URL": self.url,
            "SLUICE_CERTIFICATES_RETRIES": "2",
            **settings,
        }
        return subprocess.run(
            ["bash", *(command or (str(STARTUP_SCRIPT),))],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.home.iterdir()}


@pytest.fixture
def component(tmp_path: Path, server: CertificateServer) -> Component:
    return Component(tmp_path, server.url)


def test_certificates_are_in_their_place_for_everybody_to_read(component: Component) -> None:
    done = component.start("-c", f"umask 077; source '{STARTUP_SCRIPT}'")
    assert (done.returncode, done.stderr) == (0, "")
    assert component.files == {"rds-global-bundle.pem": BUNDLE}
    assert (component.home / "rds-global-bundle.pem").stat().st_mode & 0o777 == 0o644
    assert "3 certificates of RDS" in done.stdout


@pytest.mark.parametrize("name", ["scheduler", "worker", "hybrid", ""])
def test_every_component_that_reaches_the_warehouse_has_certificates(
    component: Component, name: str
) -> None:
    assert component.start(MWAA_AIRFLOW_COMPONENT=name).returncode == 0
    assert component.files == {"rds-global-bundle.pem": BUNDLE}


def test_web_server_fetches_nothing(component: Component, server: CertificateServer) -> None:
    assert component.start(MWAA_AIRFLOW_COMPONENT="webserver").returncode == 0
    assert component.files == {}
    assert server.asked == 0


def test_server_that_fails_twice_is_asked_a_third_time(
    component: Component, server: CertificateServer
) -> None:
    server.answers = [FAILED, FAILED, GOOD]
    assert component.start().returncode == 0
    assert component.files == {"rds-global-bundle.pem": BUNDLE}
    assert server.asked == 3


def test_answer_that_is_cut_off_is_asked_for_again(
    component: Component, server: CertificateServer
) -> None:
    server.answers = [CUT_OFF, GOOD]
    assert component.start().returncode == 0
    assert component.files == {"rds-global-bundle.pem": BUNDLE}


@pytest.mark.parametrize(
    "answer",
    [
        FAILED,
        CUT_OFF,
        Answer(body=HALF, length=None),
        Answer(body=b"<html>sign in to this network</html>", length=None),
        Answer(body=b"", length=0),
        Answer(body=BUNDLE.replace(b"MII", b"MIJ"), length=len(BUNDLE)),
    ],
    ids=["error", "cut off", "cut off without a length", "a page", "nothing", "no certificates"],
)
def test_without_certificates_the_component_does_not_start(
    component: Component, server: CertificateServer, answer: Answer
) -> None:
    server.answers = [answer]
    done = component.start(SLUICE_CERTIFICATES_RETRIES="1")
    assert done.returncode == 1
    assert "no connection to the warehouse can be made" in done.stderr.splitlines()[-1]
    assert component.files == {}


def test_failure_leaves_certificates_that_were_there(
    component: Component, server: CertificateServer
) -> None:
    component.start()
    server.answers = [Answer(body=b"garbage", length=None)]
    assert component.start().returncode == 1
    assert component.files == {"rds-global-bundle.pem": BUNDLE}


def test_target_can_be_elsewhere(component: Component, tmp_path: Path) -> None:
    component.start(SLUICE_CERTIFICATES_FILE=str(tmp_path / "other.pem"))
    assert component.files == {"other.pem": BUNDLE}


@pytest.mark.parametrize("name", ["worker", "webserver"])
def test_shell_that_reads_the_script_goes_on_with_nothing_changed(
    component: Component, name: str
) -> None:
    state = 'echo "$(set -o; shopt; umask; trap; pwd; export -p; compgen -v; compgen -A function)"'
    script = (
        f'x=$({state}); source \'{STARTUP_SCRIPT}\'; y=$({state}); diff <(echo "$x") <(echo "$y")'
    )
    done = component.start("-c", script, MWAA_AIRFLOW_COMPONENT=name)
    changed = [line[2:] for line in done.stdout.splitlines() if line[:1] in "<>"]
    assert set(changed) <= {"x", "PIPESTATUS"}, done.stdout


@pytest.mark.parametrize("options", ["set +e", "set -euo pipefail"])
def test_shell_that_reads_the_script_ends_when_there_are_no_certificates(
    component: Component, server: CertificateServer, options: str
) -> None:
    server.answers = [Answer(body=b"garbage", length=None)]
    done = component.start("-c", f"{options}; source '{STARTUP_SCRIPT}'; echo and goes on")
    assert done.returncode == 1
    assert "and goes on" not in done.stdout
