"""Brings history's tables to the newest revision; when they are there already it costs one SELECT.

Alembic takes half a second to import, so it is asked only when the revision is another one.
The migrations are packaged in `router/history/migrations` and run in one transaction.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from router.errors import StorageFailed
from router.history import postgresql

HEAD: Final = "0006"  # newest revision in migrations/versions
MIGRATIONS: Final = Path(__file__).parent / "migrations"


def bring_up_to_date(engine: Engine) -> None:
    """Run the migrations that are missing.

    Errors: `StorageFailed` when a newer program wrote the database; SQLAlchemy's own otherwise.
    """
    if revision(engine) == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    alembic = Config()
    alembic.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        if connection.dialect.name == postgresql.DIALECT:
            postgresql.check_encoding(connection)
        alembic.attributes["connection"] = connection
        try:
            command.upgrade(alembic, "head")
        except CommandError as error:
            raise StorageFailed(
                f"history has a revision that this townline (at {HEAD}) does not know: {error};"
                " run the townline that wrote it, or a newer one"
            ) from error


def revision(engine: Engine) -> str | None:
    """Return the revision of the tables; None when there are none, or nothing answers."""
    try:
        with engine.connect() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except DBAPIError:
        return None
    return None if found is None else str(found)
