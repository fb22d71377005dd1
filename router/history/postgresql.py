"""What PostgreSQL does otherwise than SQLite, made equal, so that history promises one thing.

* One transaction writes at a time, as in an SQLite file: who reads in order to write waits first,
  and of two daemons that bring the schema up to date the second finds it done.
* A read sees one moment from its first statement to its last.
* Texts have no limit: a long one must not stop the feed for ever. They hold no NUL: it is stored,
  and looked for, as the sign for what cannot be shown.
* A server that is gone is noticed within seconds.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, String, event, text
from sqlalchemy.ext.compiler import compiles

from router.errors import StorageFailed

DIALECT: Final = "postgresql"
DRIVER: Final = "postgresql+psycopg"
WAITS_MS: Final = 5_000  # how long a writer waits for another one
_WRITERS: Final = 0x746F776E6C696E65  # the lock's number: "townline"
_GONE: Final = {"connect_timeout": 5, "tcp_user_timeout": 10_000}  # seconds; milliseconds
_ENCODING: Final = "UTF8"
_BEGIN: Final = text(
    f"SELECT set_config('lock_timeout', '{WAITS_MS}', true), pg_advisory_xact_lock({_WRITERS})"
)


def with_driver(url: URL) -> URL:
    """Return the URL with the driver that is supported where it names none."""
    return url.set(drivername=DRIVER) if url.drivername == DIALECT else url


def connection_options(url: URL) -> dict[str, Any]:
    """Return what a connection is made with, beside what the URL says."""
    return {name: value for name, value in _GONE.items() if name not in url.query}


def prepare(engine: Engine) -> None:
    """Have every statement on the engine's connections take texts that hold NUL."""
    event.listen(engine, "before_cursor_execute", _without_nul, retval=True)


def wait_for_writers(connection: Connection) -> None:
    """Wait until nobody else writes, at most five seconds; held until the transaction ends."""
    connection.execute(_BEGIN)


def check_encoding(connection: Connection) -> None:
    """Errors: `StorageFailed` when the database cannot hold every letter."""
    found = connection.execute(text("SHOW server_encoding")).scalar_one()
    if found != _ENCODING:
        raise StorageFailed(
            f"history's database has the encoding {found}: residents write in every script;"
            " make one with CREATE DATABASE townline ENCODING 'UTF8' TEMPLATE template0"
        )


@compiles(String, DIALECT)
def _unlimited(_type: String, _compiler: Any, **_more: Any) -> str:
    return "TEXT"


def _without_nul(
    _connection: Connection,
    _cursor: Any,
    statement: str,
    parameters: Any,
    _context: Any,
    executemany: bool,
) -> tuple[str, Any]:
    if executemany:
        return statement, [_clean(each) for each in parameters]
    return statement, _clean(parameters)


def _clean(values: Any) -> Any:
    if isinstance(values, dict):
        return {name: _shown(value) for name, value in values.items()}
    return tuple(_shown(value) for value in values)


def _shown(value: Any) -> Any:
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value
