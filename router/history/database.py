"""The connection to history's database: transactions in worker threads, errors in our words.

`read` and `write` take a function of a connection, run it in one transaction in a worker thread,
and return what it returns. The schema is looked at on first use and brought up to date; a database
that cannot be reached fails that call only and is tried again by the next one, because history
being down must stop nothing else.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from router.errors import SettingsError, StorageFailed
from router.history import postgresql, schema

T = TypeVar("T")

THREADS: Final = 3  # the feeder, a sign-in and a lookup beside each other
FILE_NAME: Final = "history.sqlite"
BUSY_MS: Final = 5_000  # how long a writer waits for another one on SQLite
_WRITES: Final = "townline_writes"
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # words leave the spool once they are here: they must be on disk
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA secure_delete=ON",  # what was redacted cannot be read from the file's free pages
)


def default_url(data_dir: Path) -> str:
    """Return the URL of the embedded history in the data folder."""
    return f"sqlite:///{data_dir.absolute() / FILE_NAME}"


class Database:
    """`url` is an SQLAlchemy URL of SQLite or PostgreSQL. Close it when done.

    Errors: `SettingsError` when the URL cannot be understood or its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        self._url = _understood(url)
        try:
            self._engine = _engine(self._url)
        except (ImportError, SQLAlchemyError) as error:
            raise SettingsError(
                f"TOWNLINE_HISTORY={self.shown}: {error}; PostgreSQL's driver comes with"
                " `pip install 'townline[postgresql]'`, the embedded history needs none"
            ) from error
        self._writer = self._engine.execution_options(**{_WRITES: True})
        if self._url.get_backend_name() == postgresql.DIALECT:
            self._engine = self._engine.execution_options(isolation_level="REPEATABLE READ")
        self._threads = ThreadPoolExecutor(THREADS, "history")
        self._checking = threading.Lock()
        self._checked = False

    @property
    def shown(self) -> str:
        """Return the URL without its password, for logs and people."""
        return self._url.render_as_string(hide_password=True)

    async def open(self) -> None:
        """Bring the schema up to date now. Errors: `StorageFailed`; later calls try again."""
        await self._in_thread(self._check)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Return `query(connection)`. Errors: `StorageFailed`."""
        return await self._in_thread(lambda: self._run(self._engine, query))

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Return `change(connection)` once it is committed; whatever it raises rolls back.

        Errors: `StorageFailed`: nothing was changed, or (when the connection broke during the
            commit) it is not known, so changes must bear being done twice.
        """
        return await self._in_thread(lambda: self._run(self._writer, change))

    async def close(self) -> None:
        """Release threads and connections; harmless twice."""
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except SQLAlchemyError as error:
            raise StorageFailed(f"history at {self.shown}: {_first_line(error)}") from error
        except OSError as error:
            raise StorageFailed(f"history at {self.shown}: {error}") from error

    def _run(self, engine: Engine, work: Callable[[Connection], T]) -> T:
        if not self._checked:
            self._check()
        with engine.begin() as connection:
            return work(connection)

    def _check(self) -> None:
        with self._checking:
            if not self._checked:
                _make_private_file(self._url)
                schema.bring_up_to_date(self._writer)
                self._checked = True


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == postgresql.DIALECT:
        options = postgresql.connection_options(url)
        engine = create_engine(url, pool_pre_ping=True, connect_args=options)
        postgresql.prepare(engine)
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    engine = create_engine(url, pool_pre_ping=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _understood(url: str) -> URL:
    try:
        parsed = postgresql.with_driver(make_url(url))
    except ArgumentError:
        raise SettingsError(
            "TOWNLINE_HISTORY is no SQLAlchemy URL; write for example"
            " sqlite:////var/lib/townline/history.sqlite or leave it out"
        ) from None
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", postgresql.DRIVER):
        raise SettingsError(
            f"TOWNLINE_HISTORY: {parsed.drivername!r} is not supported;"
            f" use sqlite or {postgresql.DRIVER}"
        )
    return parsed


def _make_private_file(url: URL) -> None:
    """Make the SQLite file before SQLite does, readable by its owner alone: it names residents."""
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        path = Path(str(url.database))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, so that DDL is transactional too
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, False):
        postgresql.wait_for_writers(connection)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    # IMMEDIATE: who reads in order to write waits for the lock at once instead of failing later
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _first_line(error: SQLAlchemyError) -> str:
    """Return what went wrong without the statement and its values, which may be residents'."""
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__
