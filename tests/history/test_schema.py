"""The schema: the migrations lead to the tables, quickly when there is nothing to do."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, select, text

from router.errors import SettingsError, StorageFailed
from router.history import schema
from router.history.database import Database, default_url
from router.history.report_tables import report_items
from router.history.tables import contact_addresses

from .conftest import on_sqlite

METADATA = report_items.metadata  # those of `tables` are in it as well


async def test_the_migrations_lead_to_the_tables(database: Database) -> None:
    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    assert await database.read(differences) == []


def test_the_newest_migration_is_the_one_that_is_expected() -> None:
    alembic = Config()
    alembic.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(alembic).get_current_head() == schema.HEAD


@on_sqlite
async def test_an_up_to_date_schema_is_found_without_alembic_and_quickly(
    database: Database, tmp_path: Path
) -> None:
    await database.open()
    program = f"""
import asyncio, sys
from router.history.database import Database
asyncio.run(Database({default_url(tmp_path)!r}).open())
sys.exit("alembic" in sys.modules)
"""
    assert await asyncio.to_thread(_run, program) == 0
    again = Database(default_url(tmp_path))
    began = time.process_time()  # what it takes of the machine, however busy that is
    await again.open()
    assert time.process_time() - began < 0.15
    await again.close()


async def test_a_migration_that_stops_in_the_middle_leaves_no_table(tmp_path: Path) -> None:
    """A table of the same name is in the way of the seventh; the first six are undone."""
    file = sqlite3.connect(tmp_path / "history.sqlite")
    file.execute("CREATE TABLE offers (id TEXT)")
    database = Database(default_url(tmp_path))
    with pytest.raises(StorageFailed, match="offers"):
        await database.open()
    await database.close()
    assert [name for (name,) in file.execute("SELECT name FROM sqlite_schema")] == ["offers"]
    file.close()


async def test_a_newer_history_is_refused(database: Database, url: str) -> None:
    await database.write(
        lambda connection: (
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'")).rowcount
        )
    )
    again = Database(url)
    with pytest.raises(StorageFailed, match="newer one"):
        await again.open()
    await again.close()


async def test_a_history_that_cannot_be_made_fails_and_is_tried_again(tmp_path: Path) -> None:
    place = tmp_path / "not-a-folder"
    place.write_text("")
    database = Database(default_url(place))
    with pytest.raises(StorageFailed):
        await database.read(lambda connection: connection.execute(text("SELECT 1")).scalar())
    place.unlink()
    assert (
        await database.read(lambda c: c.execute(text("SELECT count(*) FROM items")).scalar()) == 0
    )
    await database.close()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nonsense", "no SQLAlchemy URL"),
        ("mysql://town:secret@db.example.org/x", "not supported"),
        ("postgresql+asyncpg://town:secret@db.example.org/x", r"use sqlite or postgresql\+psycopg"),
    ],
)
def test_a_wrong_url_is_refused_without_showing_its_password(url: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why) as caught:
        Database(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("driver", ["", "+psycopg"])
def test_without_the_driver_it_says_what_to_install(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError, match=r"townline\[postgresql\]") as caught:
        Database(f"postgresql{driver}://town:secret@db.example.org/x")
    assert "secret" not in str(caught.value)


def _run(program: str) -> int:
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    return done.returncode


@on_sqlite
async def test_the_fifth_revision_finds_the_addresses_of_contacts_kept_before(url: str) -> None:
    engine = create_engine(url)
    alembic = Config()
    alembic.set_main_option("script_location", str(schema.MIGRATIONS))
    with engine.begin() as connection:
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "0004")
        insert = text(
            "INSERT INTO contacts (ref, kind, address_key, body, stored_at, redacted_at)"
            " VALUES (:ref, 'contact', '', :body, 1, :emptied)"
        )
        both = '{"number": "+19055550123", "name": "Robin", "email": "Robin@Example.ORG"}'
        kept: list[tuple[str, str, int | None]] = [
            (f"c{n:04}", '{"email": "pat@example.org"}', None) for n in range(700)
        ]
        kept += [("both", both, None), ("broken", "{", None), ("emptied", "", 2)]
        for ref, body, emptied in kept:
            connection.execute(insert, {"ref": ref, "body": body, "emptied": emptied})
    engine.dispose()
    database = Database(url)
    query = select(contact_addresses.c.address, contact_addresses.c.ref)
    found = await database.read(
        lambda connection: {tuple(row) for row in connection.execute(query)}
    )
    await database.close()
    assert {each for each in found if each[1] == "both"} == {
        ("+19055550123", "both"),
        ("robin@example.org", "both"),
    }
    assert len(found) == 702
