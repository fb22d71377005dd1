"""Large bytes go with the last words that refer to them, and not a moment before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from router.core.model import DAY
from router.history import blob_sweep, tables, words
from router.history.blob_sweep import BlobSweep

from .written_past import PAT, Past, said


@pytest.fixture
def sweep(past: Past) -> BlobSweep:
    return BlobSweep(past.database, past.journal, past.blobs)


def make_old(tmp_path: Path, age: int = 2 * DAY) -> None:
    """Let everything in the folder have been put so long ago."""
    for path in (tmp_path / "blobs").glob("*/*/*"):
        now = path.stat().st_mtime_ns
        os.utime(path, ns=(now - age, now - age))


async def kept_names(past: Past) -> set[str]:
    return {name for shelf in range(256) for name in await past.blobs.names(f"{shelf:02x}")}


async def empty(past: Past, *refs: str) -> None:
    now = past.clock.now()
    await past.database.write(lambda connection: words.empty(connection, refs, now))


async def test_every_blob_of_a_message_is_noted(past: Past) -> None:
    html, original, file = [await past.blobs.put(body) for body in (b"<p>", b"raw", b"photo")]
    await past.mail("A", files=[b"photo"])
    await past.feed(said("w-2", "x", html=html, original=original))
    uses = {(row["ref"], row["blob"]) for row in await past.rows(tables.blob_uses)}
    assert {("w-2", html), ("w-2", original), ("w-A", file)} <= uses
    assert len(uses) == 4  # and the original of A


async def test_what_words_refer_to_stays_and_what_none_refers_to_goes(
    past: Past, sweep: BlobSweep, tmp_path: Path
) -> None:
    await past.mail("A", files=[b"photo"])
    await past.feed()
    stray = await past.blobs.put(b"uploaded, never sent")
    make_old(tmp_path)
    with capture_logs() as logs:
        await sweep()
        await sweep()
    assert await past.blobs.get(stray) is None
    assert len(await kept_names(past)) == 2
    assert [(log["event"], log["count"]) for log in logs] == [("history_blobs_swept", 1)]


async def test_the_same_file_of_two_residents_stays_until_both_are_emptied(
    past: Past, sweep: BlobSweep, tmp_path: Path
) -> None:
    await past.mail("A", files=[b"photo"])
    await past.mail("B", PAT, files=[b"photo"])
    await past.feed()
    name = await past.blobs.put(b"photo")
    await empty(past, "w-A")
    make_old(tmp_path)
    await sweep()
    assert await past.blobs.get(name) == b"photo"
    await empty(past, "w-B")
    make_old(tmp_path)
    await sweep()
    assert await kept_names(past) == set()


async def test_blobs_of_words_in_the_spool_stay_however_old(
    past: Past, sweep: BlobSweep, tmp_path: Path
) -> None:
    await past.mail("A", files=[b"photo"])
    make_old(tmp_path)
    await sweep()
    assert len(await kept_names(past)) == 2
    await past.feed()
    await sweep()
    assert len(await kept_names(past)) == 2


async def test_words_that_move_between_the_two_looks_protect_their_blobs(
    past: Past, sweep: BlobSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await past.mail("A", files=[b"photo"])
    make_old(tmp_path)
    names = past.blobs.names

    async def move_first(shelf: str) -> list[str]:
        await past.feeder()
        return await names(shelf)

    monkeypatch.setattr(past.blobs, "names", move_first)
    await sweep()
    assert past.store.words == {}
    monkeypatch.undo()
    assert len(await kept_names(past)) == 2


async def test_young_blobs_stay_because_their_words_may_be_on_the_way(
    past: Past, sweep: BlobSweep, tmp_path: Path
) -> None:
    old = await past.blobs.put(b"photo")
    make_old(tmp_path)
    young = await past.blobs.put(b"another")
    await sweep()
    assert await past.blobs.get(old) is None
    assert await past.blobs.get(young) == b"another"


async def test_nothing_is_dropped_while_history_is_far_behind(
    past: Past, sweep: BlobSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blob_sweep, "SPOOL_MAX", 2)
    stray = await past.blobs.put(b"uploaded")
    await past.mail("A")
    make_old(tmp_path)
    with capture_logs() as logs:
        await sweep()
    assert logs[0]["event"] == "history_blobs_not_swept"
    assert await past.blobs.get(stray) is not None


async def test_words_that_nobody_mentions_take_their_uses_along(
    past: Past, sweep: BlobSweep, tmp_path: Path
) -> None:
    stray = await past.blobs.put(b"of a repeated mail")
    await past.feed(said("w-stray", "again", original=stray))
    assert len(await past.rows(tables.blob_uses)) == 1
    await past.clock.advance_to(past.clock.now() + 2 * DAY)
    await past.feed()
    assert await past.rows(tables.blob_uses) == []
    make_old(tmp_path)
    await sweep()
    assert await past.blobs.get(stray) is None
