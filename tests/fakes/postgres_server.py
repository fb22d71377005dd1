"""A real PostgreSQL for tests: on a free port of this machine, ended by who started it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from tests.ports import free_port

STARTS_WITHIN_S: Final = 60.0
LOOK_S: Final = 0.02
USER: Final = "town"
# nothing has to outlive the test
HASTY: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
# sorts and folds letters as people do, not as bytes are: what relies on bytes is found out
PEOPLES: Final = ("--locale-provider=icu", "--icu-locale=en-US")


def _folder_of_programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`: Debian's are not where programs are found."""
    found = shutil.which("postgres")
    if found is not None:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


PROGRAMS: Final = _folder_of_programs()


class PostgresServer:
    """One server; `url` makes a database of its own."""

    def __init__(self, programs: Path, port: int) -> None:
        self._programs = programs
        self._numbers = count()
        self.port = port

    def url(self, *, template: str = "", encoding: str = "UTF8") -> str:
        """Return the URL of a new database, empty or a copy of another one."""
        name = f"history{next(self._numbers)}"
        options = f"TEMPLATE {template}" if template else "TEMPLATE template0"
        self.sql(f"CREATE DATABASE {name} ENCODING '{encoding}' {options}")
        return self.url_of(name)

    def url_of(self, name: str) -> str:
        """Return the URL of a database."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{name}"

    def sql(self, statement: str) -> None:
        """Have the administrator do something."""
        import psycopg

        with psycopg.connect(
            f"host=127.0.0.1 port={self.port} user={USER} dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def run(self, program: str, *words: str) -> bytes:
        """Run one of its programs, as pg_dump; return what it prints."""
        at = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER]
        done = subprocess.run(
            [self._programs / program, *at, *words], capture_output=True, check=True
        )
        return done.stdout

    def answers(self) -> bool:
        """Say whether it takes connections."""
        at = ["-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run([self._programs / "pg_isready", *at], check=False).returncode == 0


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start one; as root it runs as nobody, because it refuses to be root."""
    assert PROGRAMS is not None, "postgres is not installed"
    is_root = os.getuid() == 0
    person = pwd.getpwnam("nobody") if is_root else None
    drop = [] if person is None else ["setpriv", "--reuid=nobody", "--clear-groups"]
    with tempfile.TemporaryDirectory(prefix="townline-postgres-") as name:
        if person is not None:
            os.chown(name, person.pw_uid, -1)
        data, log, port = Path(name) / "data", Path(name) / "log", free_port()
        make = ["-U", USER, "-A", "trust", "-N", "-E", "UTF8", "--locale=C", *PEOPLES]
        with log.open("wb") as output:
            subprocess.run(
                [*drop, PROGRAMS / "initdb", "-D", data, *make], stdout=output, check=True, cwd=name
            )
            options = [word for each in HASTY for word in ("-c", each)]
            process = subprocess.Popen(
                [*drop, PROGRAMS / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port),
                 "-k", "", "-F", *options],
                stdout=output, stderr=output, cwd=name,
            )  # fmt: skip
        server = PostgresServer(PROGRAMS, port)
        try:
            ends = time.monotonic() + STARTS_WITHIN_S
            while not server.answers():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < ends, "postgres does not answer"
                time.sleep(LOOK_S)  # a real process: there is nothing to wait on
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait()
