"""What an earlier release has stored opens for ever."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from router.core.events import AnyEvent
from router.core.upcast import decode_events, encode_events
from router.runtime.journal_sqlite import SqliteJournal
from router.runtime.recovery import recover
from router.runtime.snapshot import decode_snapshot
from tests.fakes.engine_kept import one_of_each

FIXTURES = Path(__file__).parent / "fixtures"
RELEASES = sorted(path.stem.removeprefix("journal-") for path in FIXTURES.glob("journal-*.sqlite"))


def test_a_release_is_kept() -> None:
    assert "0.1" in RELEASES


@pytest.mark.parametrize("release", RELEASES)
async def test_a_kept_journal_leads_where_it_led(release: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    shutil.copy(FIXTURES / f"journal-{release}.sqlite", path)
    leads_to = json.loads((FIXTURES / f"journal-{release}.json").read_text())
    journal = await SqliteJournal.open(path)
    try:
        snapshots = await journal.snapshots()
        assert [decode_snapshot(each).frozen.version for each in snapshots] == [
            snapshots[0].version
        ]
        with_snapshot = await recover(journal)
        assert {
            "version": with_snapshot.version,
            "items": sorted(with_snapshot.items),
        } == leads_to
    finally:
        await journal.close()


@pytest.mark.parametrize("release", RELEASES)
async def test_a_kept_snapshot_stands_where_the_kept_journal_leads(
    release: str, tmp_path: Path
) -> None:
    path = tmp_path / "journal.sqlite"
    shutil.copy(FIXTURES / f"journal-{release}.sqlite", path)
    journal = await SqliteJournal.open(path)
    try:
        with_snapshot = await recover(journal)
        for snapshot in await journal.snapshots():
            broken = msgspec.structs.replace(snapshot, body=b"")
            await journal.save_snapshot(broken)
        assert (await recover(journal)).hash() == with_snapshot.hash()
    finally:
        await journal.close()


@pytest.mark.parametrize("release", RELEASES)
def test_every_kind_of_event_that_was_ever_stored_is_readable(release: str) -> None:
    assert decode_events((FIXTURES / f"events-{release}.msgpack").read_bytes())


def test_every_kind_of_event_survives_being_stored() -> None:
    events = one_of_each()
    assert {type(event) for event in events} == set(get_args(AnyEvent))
    assert decode_events(encode_events(events)) == events
