"""The scripts people type parse, find Python or say what is missing, and install only once."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

import pytest

from tests.fakes.image import is_healthy
from tests.fakes.mail_servers import PACKAGES

ROOT: Final = Path(__file__).parent.parent
PROGRAMS: Final = ("scripts/run", "scripts/test", "scripts/lock", "scripts/console", ".ci/run")


def shell(folder: Path, line: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in a folder, after the functions of `environment.sh`."""
    return subprocess.run(
        ["bash", "-c", f". {ROOT}/scripts/environment.sh; {line}"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **more},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder that looks like the repository, as far as installing goes, with an environment."""
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").write_text('#!/bin/sh\necho called with "$@"\n')
    (tmp_path / ".venv/bin/python").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("name", [*PROGRAMS, "scripts/environment.sh", "scripts/system.sh"])
def test_a_script_parses_and_can_be_started(name: str) -> None:
    done = subprocess.run(["bash", "-n", ROOT / name], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert name.endswith(".sh") or (ROOT / name).stat().st_mode & 0o111


def test_ci_runs_exactly_what_people_run() -> None:
    assert (ROOT / ".ci/run").read_text().splitlines()[1:] == [
        'exec "$(dirname "${BASH_SOURCE[0]}")/../scripts/test" "$@"'
    ]


def test_without_python_it_says_what_is_needed(tmp_path: Path) -> None:
    done = shell(tmp_path, "prepare_environment", PYTHON="python2.7")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; looked for python2.7" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_it_installs_from_the_lock_once(copy: Path) -> None:
    first, second = (shell(copy, "prepare_environment") for _ in range(2))
    assert "-m pip install" in first.stderr
    assert "--constraint requirements.lock --editable ." in first.stderr
    assert (first.returncode, second.returncode) == (0, 0)
    assert second.stderr == ""


def test_what_the_tests_need_is_enough_to_run_but_not_the_other_way_round(copy: Path) -> None:
    shell(copy, "prepare_environment")
    assert ".[dev]" in shell(copy, "prepare_environment dev").stderr
    assert shell(copy, "prepare_environment").stderr == ""


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.lock"])
def test_it_installs_again_after_a_change(copy: Path, name: str) -> None:
    shell(copy, "prepare_environment")
    with (copy / name).open("a") as file:
        file.write("# changed\n")
    assert "-m pip install" in shell(copy, "prepare_environment").stderr


def test_a_failed_installation_is_tried_again(copy: Path) -> None:
    python = copy / ".venv/bin/python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ]\n')
    failed = shell(copy, "prepare_environment")
    assert failed.returncode == 1
    assert "The installation failed" in failed.stderr
    python.write_text("#!/bin/sh\n")
    assert "Installing" in shell(copy, "prepare_environment").stderr


def test_the_tests_know_one_option() -> None:
    done = subprocess.run(
        [ROOT / "scripts/test", "--fast"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, "usage: scripts/test [--full]\n")


# --- the health check of the image ---------------------------------------------------------------


@contextmanager
def a_server(status: int) -> Iterator[int]:
    """Answer every request with that status, on a port of its own."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (302, False)])
def test_the_health_check_goes_by_what_is_answered(status: int, healthy: bool) -> None:
    with a_server(status) as port:
        assert is_healthy(port) is healthy
    assert not is_healthy(port)  # nobody is there


def test_the_health_check_asks_no_proxy() -> None:
    with a_server(200) as port, a_server(502) as proxy:
        assert is_healthy(port, http_proxy=f"http://127.0.0.1:{proxy}", no_proxy="")


# --- what the tests need from the system ---------------------------------------------------------


def table() -> dict[str, str]:
    """Return the apt packages of each program, as scripts/system.sh names them."""
    said = (ROOT / "scripts/system.sh").read_text().split("SYSTEM='\n")[1].split("\n'")[0]
    rows = [line.split(maxsplit=2) for line in said.splitlines()]
    return {program: packages.replace(",", " ") for program, packages, _ in rows}


class Machine:
    """Has root and every program of the table; its apt-get notes what is asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin, self.sbin, self.asked = folder / "bin", folder / "sbin", folder / "asked"
        self.bin.mkdir()
        self.sbin.mkdir()
        for name in ("rm", "chmod"):
            (self.bin / name).symlink_to(f"/bin/{name}")
        for name in table():
            self.program(name, "")
        self.program("id", "echo 0")
        self.program("apt-get", f'echo "$@ ($(cat {self.sbin}/policy-rc.d))" >>{self.asked}')
        (self.bin / "cat").symlink_to("/bin/cat")

    def program(self, name: str, line: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{line}\n")
        (self.bin / name).chmod(0o755)

    def lacks(self, *names: str) -> None:
        for name in names:
            (self.bin / name).unlink()

    def prepare(self) -> str:
        """Run `prepare_system` there; return what is left out, a line each."""
        script = (ROOT / "scripts/system.sh").read_text()
        own = script.replace("/usr/sbin", str(self.sbin)).replace(":/sbin", "")
        (self.folder / "system.sh").write_text(own)
        tell = 'for line in "${left_out[@]}"; do echo "$line"; done'
        line = f"set -uo pipefail; left_out=(); . {self.folder}/system.sh; prepare_system; {tell}"
        done = subprocess.run(
            ["/bin/bash", "-c", line],
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def installed(self) -> list[str]:
        lines = self.asked.read_text().splitlines() if self.asked.exists() else []
        return [line for line in lines if line.startswith("install")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_nothing_is_installed_where_nothing_is_missing(machine: Machine) -> None:
    assert machine.prepare() == ""
    assert not machine.asked.exists()


def test_a_server_is_found_where_servers_lie(machine: Machine) -> None:
    (machine.bin / "smtpd").rename(machine.sbin / "smtpd")
    assert machine.prepare() == ""
    assert not machine.asked.exists()


def test_all_packages_of_what_is_missing_are_installed_without_starting_them(
    machine: Machine,
) -> None:
    machine.lacks("dovecot", "chromium")
    machine.prepare()
    options = "-y -qq --no-install-recommends --no-remove"
    assert machine.installed() == [
        f"install {options} dovecot-imapd dovecot-lmtpd (#!/bin/sh",
        f"install {options} chromium (#!/bin/sh",
    ]
    assert machine.asked.read_text().count("exit 101") == 2
    assert machine.asked.read_text().count("update") == 1
    assert list(machine.sbin.iterdir()) == []  # services may be started again


def test_what_says_no_to_services_already_stays(machine: Machine) -> None:
    (machine.sbin / "policy-rc.d").write_text("ours")
    machine.lacks("dovecot")
    machine.prepare()
    assert (machine.sbin / "policy-rc.d").read_text() == "ours"


def test_what_cannot_be_installed_is_left_out_and_the_rest_is_tried(machine: Machine) -> None:
    machine.lacks("dovecot", "openssl")
    machine.program("apt-get", 'case "$*" in *dovecot*) exit 100 ;; esac')
    assert machine.prepare().splitlines()[2:] == [
        "the tests of a mailbox on a mail server: "
        "dovecot is missing (apt package dovecot-imapd dovecot-lmtpd)"
    ]


def test_who_is_not_root_is_told_what_is_left_out(machine: Machine) -> None:
    machine.lacks("smtpd")
    machine.program("id", "echo 1000")
    assert machine.prepare().splitlines() == [
        "the test of mail through a mail server of its own: "
        "smtpd is missing (apt package opensmtpd)",
        "the tests of a full disk and of one that became read-only: not root",
        "the test of mail through a mail server of its own: not root",
    ]
    assert not machine.asked.exists()


def test_tests_that_skip_name_the_same_packages() -> None:
    assert {name: PACKAGES.get(name, name) for name in table()} == table()
