"""Large bytes: kept under what they hold, dropped when old, never lost to a drop beside a put."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from router.core.model import DAY, HOUR, SECOND
from router.errors import StorageFailed
from router.runtime.blobs import FolderBlobs


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def path_of(tmp_path: Path, name: str) -> Path:
    return tmp_path / "blobs" / name[:2] / name[2:4] / name


def make_older(path: Path, age: int) -> None:
    now = path.stat().st_mtime_ns
    os.utime(path, ns=(now - age, now - age))


async def test_bytes_come_back_under_the_hash_of_what_they_are(blobs: FolderBlobs) -> None:
    name = await blobs.put(b"a photo")
    assert name == hashlib.sha256(b"a photo").hexdigest()
    assert await blobs.get(name) == b"a photo"
    assert await blobs.put(b"a photo") == name
    assert await blobs.names(name[:2]) == [name]
    assert await blobs.put(b"") != name


async def test_only_the_owner_can_read_the_folder(blobs: FolderBlobs, tmp_path: Path) -> None:
    path = path_of(tmp_path, await blobs.put(b"a photo"))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_what_nobody_has_is_none_and_can_be_dropped(blobs: FolderBlobs) -> None:
    name = "0" * 64
    assert await blobs.get(name) is None
    assert await blobs.drop_older(name, DAY)
    assert await blobs.names("00") == []


async def test_dropped_bytes_are_gone(blobs: FolderBlobs) -> None:
    name = await blobs.put(b"a photo")
    assert await blobs.drop_older(name, 0)
    assert await blobs.get(name) is None


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "/x"])
async def test_a_name_that_is_none_is_refused(blobs: FolderBlobs, name: str) -> None:
    with pytest.raises(StorageFailed, match="no name of a blob"):
        await blobs.get(name)


async def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("in the way")
    with pytest.raises(StorageFailed, match="blobs"):
        await FolderBlobs(tmp_path / "blobs").put(b"a photo")


async def test_bytes_are_dropped_by_age_and_a_repeated_put_makes_them_young(
    blobs: FolderBlobs, tmp_path: Path
) -> None:
    name = await blobs.put(b"a photo")
    assert not await blobs.drop_older(name, DAY)
    make_older(path_of(tmp_path, name), 2 * DAY)
    await blobs.put(b"a photo")
    assert not await blobs.drop_older(name, DAY)
    assert await blobs.get(name) == b"a photo"
    make_older(path_of(tmp_path, name), DAY + HOUR)
    assert await blobs.drop_older(name, DAY)
    assert await blobs.get(name) is None


async def test_an_unfinished_file_is_listed_and_dropped_when_old(
    blobs: FolderBlobs, tmp_path: Path
) -> None:
    name = await blobs.put(b"a photo")
    draft = path_of(tmp_path, name).with_name(f"{name}.0123abcd")
    draft.write_bytes(b"a ph")
    assert await blobs.names(name[:2]) == [name, draft.name]
    assert not await blobs.drop_older(draft.name, DAY)
    make_older(draft, 2 * DAY)
    assert await blobs.drop_older(draft.name, DAY)
    assert await blobs.names(name[:2]) == [name]


def test_a_put_beside_a_drop_never_loses_the_bytes(tmp_path: Path) -> None:
    """Two programs at once, over and over: whatever was put last is there."""
    one, other = FolderBlobs(tmp_path / "blobs"), FolderBlobs(tmp_path / "blobs")
    name = asyncio.run(one.put(b"a photo"))
    path = path_of(tmp_path, name)
    with ThreadPoolExecutor(2) as threads:
        for _ in range(300):
            if path.exists():
                make_older(path, 2 * DAY)
            putting = threads.submit(one._put, b"a photo")
            dropping = threads.submit(other._drop, name, DAY)
            putting.result()
            dropping.result()
            assert path.read_bytes() == b"a photo"


def test_a_drop_waits_for_a_put_and_then_finds_the_bytes_young(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drop comes in the worst moment: after the put has found the old file."""
    one, other = FolderBlobs(tmp_path / "blobs"), FolderBlobs(tmp_path / "blobs")
    name = asyncio.run(one.put(b"a photo"))
    make_older(path_of(tmp_path, name), 2 * DAY)
    touch = os.utime
    with ThreadPoolExecutor(1) as threads:

        def touched(path: object, **more: object) -> None:
            if path == path_of(tmp_path, name):
                monkeypatch.undo()
                dropped.append(threads.submit(other._drop, name, DAY))
                with pytest.raises(TimeoutError):
                    dropped[0].result(timeout=0.02)
            touch(path)  # type: ignore[arg-type]

        dropped: list = []  # type: ignore[type-arg]
        monkeypatch.setattr(os, "utime", touched)
        one._put(b"a photo")
        assert dropped[0].result(timeout=5) is False
    assert asyncio.run(one.get(name)) == b"a photo"


async def test_ages_are_told_by_the_file_system(blobs: FolderBlobs, tmp_path: Path) -> None:
    """Nobody's clock is asked: a practice clock that is days ahead makes nothing old."""
    name = await blobs.put(b"a photo")
    make_older(path_of(tmp_path, name), 10 * SECOND)
    assert not await blobs.drop_older(name, HOUR)
    assert await blobs.drop_older(name, 9 * SECOND)
