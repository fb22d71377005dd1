"""The real process: it starts, serves, reloads, stops in time, and goes on where it was."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import smtplib
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from router.runtime.practice import operator_token
from router.runtime.secret import installation_secret
from router.runtime.settings import Settings
from tests.end_to_end.process import scaled
from tests.fakes.image import is_healthy
from tests.fakes.mail_servers import make_certificate
from tests.ports import free_port, free_ports

START_S = 120.0  # on a machine with other work
STOP_S = 5.0


def certificate_shown(port: int) -> bytes:
    """Return the certificate that the mail port shows."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", port, timeout=START_S) as client:
        client.starttls(context=context)
        assert isinstance(client.sock, ssl.SSLSocket)
        return client.sock.getpeercert(binary_form=True) or b""


def wait_until(reached: Callable[[], bool], *, timeout_s: float = START_S) -> None:
    limit = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.05)


@dataclass
class Town:
    """A daemon on its own data and a copy of the shipped policy."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(2)[0])  # the practice line takes the next
    process: subprocess.Popen[str] | None = None

    def __post_init__(self) -> None:
        self.environment = {
            **os.environ,
            "TOWNLINE_POLICY_DIR": str(self.folder / "town"),
            "TOWNLINE_DATA_DIR": str(self.folder / "var"),
            "TOWNLINE_HTTP__PORT": str(self.port),
            "TOWNLINE_MAIL__SMTP_LISTEN": "127.0.0.1:0",
            "TOWNLINE_LOG__FORMAT": "json",
            "COLUMNS": "200",
        }
        self.log = self.folder / "log"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "router.cli", *words]

    def cli(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )

    def start(self, *words: str) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self.command("run", *words),
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
        wait_until(lambda: self.is_up() or self.process.poll() is not None)  # type: ignore[union-attr] # started above
        assert self.is_up(), self.log.read_text()

    def is_up(self) -> bool:
        try:
            return self.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.get(url, trust_env=False, timeout=START_S)

    def tell(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> float:
        """Return the seconds it took."""
        assert self.process is not None
        began = time.monotonic()
        self.tell(signal.SIGTERM)
        assert self.process.wait(START_S) == 0, self.log.read_text()
        self.process = None
        return time.monotonic() - began

    def status(self) -> Any:
        secret = installation_secret(Settings(data_dir=self.folder / "var"))
        answer = httpx.get(
            f"http://127.0.0.1:{self.port}/statusz",
            headers={"Authorization": f"Bearer {operator_token(secret)}"},
            trust_env=False,
            timeout=START_S,
        )
        return answer.json()

    def logged(self, event: str) -> bool:
        return f'"event": "{event}"' in self.log.read_text()


@pytest.fixture
def town(tmp_path: Path, repository: Path) -> Iterator[Town]:
    for part in ("config", "ivr_flows"):
        shutil.copytree(repository / part, tmp_path / "town" / part)
    shutil.copy(repository / "skills.yaml", tmp_path / "town")
    made = Town(tmp_path)
    yield made
    if made.process is not None:
        made.process.kill()
        made.process.wait()


def test_a_day_of_the_daemon(town: Town) -> None:
    """One process, because starting it is what takes long."""
    mail_port = free_port()
    make_certificate(town.folder)
    town.environment |= {
        "TOWNLINE_MAIL__SMTP_LISTEN": f"127.0.0.1:{mail_port}",
        "TOWNLINE_MAIL__SMTP_LISTEN_CERTIFICATE": str(town.folder / "cert.pem"),
        "TOWNLINE_MAIL__SMTP_LISTEN_KEY": str(town.folder / "key.pem"),
    }
    town.start("--at", "2026-11-24T10:00")  # a Tuesday morning
    assert town.get("/healthz").status_code == 200
    assert is_healthy(town.port, http_proxy="http://127.0.0.1:9")  # one that is not there
    assert "townline_events" in town.get("/metrics").text
    wait_until(lambda: "one-time password" in town.log.read_text())

    # a call through the practice line, which hangs up in the menu
    called = town.cli("line", "--at", "2026-11-24T11:00", typed="1\n")
    assert "Willowmere" in called.stdout, called.stdout + called.stderr
    events = town.status()["events"]
    assert town.status()["at"].startswith("2026-11-24T16:0")

    # an edited policy: first with a mistake, then without
    hours = town.folder / "town" / "config" / "town.yaml"
    text = hours.read_text()
    before = town.status()["policy"]["hash"]
    hours.write_text(text.replace("numbers:", "nombers:", 1))
    wait_until(lambda: town.status()["policy"]["refused"] is not None)
    assert "nombers" in town.cli("status").stdout
    assert town.status()["policy"]["hash"] == before
    hours.write_text(text.replace("0103: main", "0103: bylaw", 1))
    wait_until(lambda: town.status()["policy"]["hash"] != before)
    shown = certificate_shown(mail_port)
    make_certificate(town.folder)
    town.tell(signal.SIGHUP)
    wait_until(lambda: town.logged("smtp_certificate_read"))
    assert certificate_shown(mail_port) not in (b"", shown)
    assert town.status()["policy"]["refused"] is None

    # a second daemon on the same data folder or port is told why not
    second = town.cli("run")
    assert second.returncode == 1
    assert "TOWNLINE_HTTP__PORT" in second.stderr

    # accounts of practice; one more by the operator
    assert "amara" in town.cli("account", "list").stdout
    assert "one-time password" in town.cli("account", "add", "Zoe", "--role", "supervisor").stdout

    stopped_s = town.stop()
    assert stopped_s < asyncio.run(scaled(STOP_S))
    assert town.cli("status").returncode == 1
    assert not is_healthy(town.port)
    again = town.cli("run", "--at", "2026-11-24T10:00")
    assert (again.returncode, "stands at 2026-11-24 11:" in again.stderr) == (1, True), again.stderr
    town.start()
    assert town.status()["events"] >= events
    assert town.status()["policy"]["hash"] != before
    stopped_s = town.stop()
    assert stopped_s < asyncio.run(scaled(STOP_S))
    assert not town.logged("clock_set_back")


def test_a_first_start_with_mistakes_says_what_they_are(town: Town) -> None:
    path = town.folder / "town" / "config" / "town.yaml"
    path.write_text(path.read_text().replace("numbers:", "nombers:", 1))
    result = town.cli("run")
    assert result.returncode == 1
    assert "policy-error" in result.stderr
    assert "nombers" in result.stderr
    checked = town.cli("check")
    assert checked.returncode == 1
    assert "nombers" in checked.stdout


def test_the_shipped_town_checks_and_can_be_shown(town: Town) -> None:
    shown = town.cli("check", "--show")
    assert shown.returncode == 0, shown.stdout
    assert "Willowmere" in shown.stdout


def test_what_went_wrong_is_told_in_one_line(town: Town) -> None:
    result = town.cli("explain", "NOBODY")
    assert result.returncode == 1
    assert result.stderr.startswith("storage-failed: ")
    assert result.stderr.count("\n") == 1
