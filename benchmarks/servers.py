"""Starts the servers that are measured, each as a process of its own on the server's core."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.wire import SERVER_CORE
from tests.ports import free_port

ROOT: Final = Path(__file__).parents[1]
TOKEN: Final = "benchmark-token"
ACCOUNT: Final = "AC00000000000000000000000000000000"
OPENING: Final = "2026-11-24T10:00"  # a Tuesday morning: the town is open
START_S: Final = 60.0


class Server(NamedTuple):
    """A process that is measured."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Return what all its threads have used of the processor so far (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def town_copy(folder: Path) -> Path:
    """Copy the shipped town; its forms and lines take as much as is sent."""
    town = folder / "town"
    for part in ("config", "ivr_flows"):
        shutil.copytree(ROOT / part, town / part)
    shutil.copy(ROOT / "skills.yaml", town)
    forms = town / "config" / "forms.yaml"
    text = forms.read_text(encoding="utf-8")
    text = re.sub(r"^    per_hour_max:.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^(    queue:)", r"    per_hour_max: 1000000\n\1", text, flags=re.MULTILINE)
    forms.write_text(text, encoding="utf-8")
    queues = town / "config" / "queues.yaml"
    text = queues.read_text(encoding="utf-8")
    queues.write_text(text.replace("length_max: 40", "length_max: 1000000"), encoding="utf-8")
    return town


def environment(folder: Path, port: int) -> dict[str, str]:
    """Return the settings of a daemon on that folder."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {
        **inherited,
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),  # written by the first start, as installed
        "TOWNLINE_POLICY_DIR": str(folder / "town"),
        "TOWNLINE_DATA_DIR": str(folder / "var"),
        "TOWNLINE_HTTP__PORT": str(port),
        "TOWNLINE_MAIL__SMTP_LISTEN": "127.0.0.1:0",  # any free one
        "TOWNLINE_LOG__FORMAT": "json",
        "TOWNLINE_PRACTICE": "true",
        "TOWNLINE_TWILIO__ACCOUNT_SID": ACCOUNT,
        "TOWNLINE_TWILIO__AUTH_TOKEN": TOKEN,
        "TOWNLINE_TWILIO__BASE_URL": "http://127.0.0.1:9",  # nobody takes the calls we would make
    }


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a new folder; TMPDIR must lie on a real disk, or fsync costs nothing."""
    return tempfile.TemporaryDirectory(prefix="townline-benchmark-")


@contextmanager
def daemon(folder: Path, *words: str) -> Iterator[Server]:
    """Run the real daemon on a copy of the shipped town."""
    if not (folder / "town").exists():
        town_copy(folder)
    port = free_port()
    command = [sys.executable, "-m", "router.cli", "run", *words]
    with running(command, port, environment(folder, port), folder / "log") as process:
        yield Server(port, process.pid)


@contextmanager
def bare(module: str, *words: str, folder: Path) -> Iterator[Server]:
    """Run `benchmarks.MODULE PORT WORDS...`, something to compare with."""
    port = free_port()
    command = [sys.executable, "-m", f"benchmarks.{module}", str(port), *words]
    with running(command, port, dict(os.environ), folder / "bare.log") as process:
        yield Server(port, process.pid)


@contextmanager
def running(
    command: list[str], port: int, variables: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server on its core until the block ends."""
    with log.open("ab") as written:
        process = subprocess.Popen(
            command,
            env=variables,
            cwd=ROOT,
            stdout=written,
            stderr=subprocess.STDOUT,
            preexec_fn=_on_its_core,
        )
    try:
        wait_ready(port, process, log)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _on_its_core() -> None:
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {SERVER_CORE})


def wait_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> float:
    """Return the seconds until `/readyz` said 200."""
    began = time.perf_counter()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.perf_counter() - began < START_S:
        if process.poll() is not None:
            break
        try:
            with opener.open(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return time.perf_counter() - began
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    sys.exit(f"{process.args!r} does not become ready:\n{log.read_text()[-4000:]}")
